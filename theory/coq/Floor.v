(** The floor of sample sizes for three and for eight atoms: no weights tell more of the temperature (theory 7.2.1).

    Part 1 says what is proved; parts 2 to 6 prove it. *)

From Interval Require Import Float.Specific_stdz Float.Specific_ops Tactic.
From Coquelicot Require Import Coquelicot.
From Coq Require Import Reals List Lra Lia.
From Temperance Require Import Temperance Mixtures.
Import ListNotations.
Open Scope R_scope.

(** Intervals over Z: their proofs need no axiom of primitive integers. *)
Module Floats := SpecificFloat StdZRadix2.
Module Intervals := Interval.Tactic.IntervalTactic Floats.
Import Intervals.

(** * 1. Statements *)

Definition weights (k : nat) (l : list R) : Prop := length l = k /\ Forall (fun p => 0 <= p) l /\ sum l = 1.

(** The mean and the variance of the logarithm of the weight of an atom that is drawn with these weights; ln 0 is a
    number in Coq, and is multiplied by 0. *)
Definition mean_log (l : list R) : R := sum (map (fun p => p * ln p) l).
Definition varentropy_of (l : list R) : R := sum (map (fun p => p * (ln p - mean_log l) ^ 2) l).

(** Of two weights it is what Mixtures.v calls so. *)
Definition of_two : Prop := forall p, 0 < p < 1 -> varentropy_of [p; 1 - p] = varentropy p.

Definition varentropy_at_most (k : nat) (v : R) : Prop := forall l, weights k l -> varentropy_of l <= v.
Definition three_floor : Prop := varentropy_at_most 3 (7619 / 10000).
Definition eight_floor : Prop := varentropy_at_most 8 (17766 / 10000).

(** A relative error of 10% asks for n observations with n times the varentropy at least 100. *)
Definition samples_at_least (k N : nat) : Prop :=
  forall l n, weights k l -> 100 <= INR n * varentropy_of l -> (N <= n)%nat.
Definition three_samples : Prop := samples_at_least 3 132.
Definition eight_samples : Prop := samples_at_least 8 57.

(** * 2. Sums over weights *)

Lemma sum_cons x l : sum (x :: l) = x + sum l.
Proof. reflexivity. Qed.

Lemma sum_square_about c l :
  sum (map (fun p => p * (ln p - c) ^ 2) l) = sum (map (fun p => p * ln p ^ 2) l) - 2 * c * mean_log l + c ^ 2 * sum l.
Proof.
unfold mean_log; induction l as [|x l IH]; [unfold sum; simpl; ring|].
rewrite !map_cons, !sum_cons, IH; ring.
Qed.

(** The variance is the least mean square about any number. *)
Lemma about c k l : weights k l -> varentropy_of l <= sum (map (fun p => p * (ln p - c) ^ 2) l).
Proof.
intros [_ [_ S]]; unfold varentropy_of; rewrite !sum_square_about, S.
generalize (pow2_ge_0 (mean_log l - c)); nra.
Qed.

Lemma sum_below (f : R -> R) a b l : (forall p, In p l -> f p <= a + b * p) -> sum (map f l) <= INR (length l) * a + b * sum l.
Proof.
induction l as [|x l IH]; intros H; [unfold sum; simpl; lra|].
rewrite map_cons, !sum_cons; change (length (x :: l)) with (S (length l)); rewrite S_INR.
assert (K : f x <= a + b * x) by (apply H; now left).
assert (L : sum (map f l) <= INR (length l) * a + b * sum l) by (apply IH; intros p Hp; apply H; now right).
lra.
Qed.

Lemma sum_middle (f : R -> R) p l m : sum (map f (l ++ p :: m)) = f p + sum (map f (l ++ m)).
Proof.
induction l as [|x l IH]; simpl app; rewrite !map_cons, !sum_cons; [reflexivity|rewrite IH; ring].
Qed.

Lemma sum_id l : sum (map (fun p => p) l) = sum l.
Proof. now rewrite map_id. Qed.

Lemma part_below l : Forall (fun p => 0 <= p) l -> 0 <= sum l /\ forall p, In p l -> p <= sum l.
Proof.
induction 1 as [|x l Hx Hl IH]; [split; [unfold sum; simpl; lra|intros p []]|].
destruct IH as [S IH]; rewrite sum_cons; split; [lra|].
intros p [<- | Hp]; [lra|generalize (IH p Hp); lra].
Qed.

(** * 3. A point on a curve above another *)

Lemma falling f f' b : 0 <= b -> (forall x, 0 <= x <= b -> is_derive f x (f' x)) -> (forall x, 0 <= x <= b -> f' x <= 0) -> f b <= f 0.
Proof.
intros Hb D N; destruct (MVT_gen f 0 b f') as [c [Hc E]].
- intros x Hx; apply D; rewrite Rmin_left, Rmax_right in Hx; lra.
- intros x Hx; rewrite Rmin_left, Rmax_right in Hx by lra.
  apply continuity_pt_filterlim, (ex_derive_continuous f x); exists (f' x); apply D; lra.
- rewrite Rmin_left, Rmax_right in Hc by lra; generalize (N c Hc); nra.
Qed.

Lemma exp_above v : 0 <= v -> 1 + v + v ^ 2 / 2 <= exp v.
Proof.
intros Hv.
assert (F : (1 + v + v ^ 2 / 2) * exp (- v) <= (1 + 0 + 0 ^ 2 / 2) * exp (- 0)).
{ apply (falling (fun v => (1 + v + v ^ 2 / 2) * exp (- v)) (fun v => - (v ^ 2 / 2) * exp (- v))); trivial.
  - intros x _; auto_derive; trivial; field.
  - intros x _; generalize (exp_pos (- x)) (pow2_ge_0 x); nra. }
rewrite Ropp_0, exp_0 in F; generalize (exp_pos v) (exp_pos (- v)); intros P Q.
assert (E : exp (- v) * exp v = 1) by (rewrite <- exp_plus; replace (- v + v) with 0 by ring; apply exp_0).
nra.
Qed.

Lemma exp_opp_above v : 0 <= v -> 1 - v + v ^ 2 / 2 - v ^ 3 / 6 <= exp (- v).
Proof.
intros Hv.
assert (F : (1 - v + v ^ 2 / 2 - v ^ 3 / 6) * exp v <= (1 - 0 + 0 ^ 2 / 2 - 0 ^ 3 / 6) * exp 0).
{ apply (falling (fun v => (1 - v + v ^ 2 / 2 - v ^ 3 / 6) * exp v) (fun v => - (v ^ 3 / 6) * exp v)); trivial.
  - intros x _; auto_derive; trivial; field.
  - intros x [Hx _]; generalize (exp_pos x) (pow_le x 3 Hx); nra. }
rewrite exp_0 in F; generalize (exp_pos v) (exp_pos (- v)); intros P Q.
assert (E : exp (- v) * exp v = 1) by (rewrite <- exp_plus; replace (- v + v) with 0 by ring; apply exp_0).
nra.
Qed.

(** * 4. One weight is large: the others are as good as equal *)

(** What is asked of a: that u^2 is below a parabola-like curve up to u. *)
Definition wide (a u : R) : Prop := forall v, v <= u -> v ^ 2 <= 2 * a * (v - 1 + exp (- v)).

Lemma above_one v : 0 <= v - 1 + exp (- v).
Proof. generalize (exp_ineq1_le (- v)); lra. Qed.

Lemma wide_from a u c : 1 <= a -> 1 <= a * (1 - c / 3) ->
  (forall v, c <= v <= u -> v ^ 2 <= 2 * a * (v - 1 + exp (- v))) -> wide a u.
Proof.
intros Ha Hc H v Hv; destruct (Rle_dec v 0) as [N | N].
- generalize (exp_above (- v)); generalize (above_one v); intros K L.
  assert (M : v ^ 2 / 2 <= v - 1 + exp (- v)) by (generalize (L ltac:(lra)); nra). nra.
- destruct (Rle_dec c v) as [B | B]; [apply H; lra|].
  generalize (exp_opp_above v ltac:(lra)); intros K.
  assert (L : v ^ 2 * (1 / 2 - v / 6) <= v - 1 + exp (- v)) by nra.
  assert (P : 1 <= a * (1 - v / 3)) by nra.
  assert (Q : v ^ 2 <= a * (1 - v / 3) * v ^ 2) by (generalize (pow2_ge_0 v); nra).
  nra.
Qed.

(** The tangent at q of p (ln p - c)^2, with ln q - c = - a, is above it. *)
Lemma tangent a u q c p : wide a u -> 0 < q -> c = ln q + a -> 0 <= a -> 0 <= p <= exp u * q ->
  p * (ln p - c) ^ 2 <= 2 * a * q + (a ^ 2 - 2 * a) * p.
Proof.
intros W Hq -> Ha [Hp Hu]; destruct Hp as [Hp | <-]; [|nra].
assert (E : ln p = ln q + ln (p / q)) by (rewrite <- ln_mult; [f_equal; field; lra|trivial|now apply Rdiv_lt_0_compat]).
set (v := ln (p / q)) in *.
assert (X : exp (- v) = q / p).
{ unfold v; rewrite <- ln_Rinv, exp_ln; [field; lra|apply Rinv_0_lt_compat|]; now apply Rdiv_lt_0_compat. }
assert (V : v <= u).
{ unfold v; rewrite <- (ln_exp u); apply ln_le; [now apply Rdiv_lt_0_compat|].
  apply Rmult_le_reg_r with q; trivial; unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra; lra. }
assert (K := W v V); rewrite X in K; rewrite E; replace (ln q + v - (ln q + a)) with (v - a) by ring.
assert (M : p * v ^ 2 <= 2 * a * (p * v - p + q)).
{ replace (2 * a * (p * v - p + q)) with (p * (2 * a * (v - 1 + q / p))) by (field; lra).
  now apply Rmult_le_compat_l; [lra|]. }
nra.
Qed.

(** p (1 - p) (logit p + h)^2 is largest where h + 2 x = 2 coth x, 2 x = logit p. *)
Lemma two_levels x h p : 0 < p < 1 -> 0 <= h -> 0 < x -> sinh x * (x + h / 2) <= cosh x ->
  p * (1 - p) * (ln (p / (1 - p)) + h) ^ 2 * sinh x ^ 2 <= 1.
Proof.
intros Hp Hh Hx C; assert (D := half_logit p Hp); set (y := ln (p / (1 - p)) / 2) in *.
assert (S : 0 < sinh x) by (rewrite <- sinh_0; now apply sinh_lt).
assert (B : (sinh x * (y + h / 2)) ^ 2 <= cosh y ^ 2).
{ assert (H := cosh_tangent y x); assert (K := cosh_tangent (- y) x); rewrite cosh_even in K.
  assert (0 <= sinh x * h) by nra.
  apply pow_maj_Rabs; unfold Rabs; destruct Rcase_abs; nra. }
replace (ln (p / (1 - p))) with (2 * y) by (unfold y; field).
assert (P : 0 < p * (1 - p)) by (apply Rmult_lt_0_compat; lra).
apply Rle_trans with (p * (1 - p) * (4 * cosh y ^ 2)); [|lra].
replace (p * (1 - p) * (2 * y + h) ^ 2 * sinh x ^ 2) with (p * (1 - p) * (4 * (sinh x * (y + h / 2)) ^ 2)) by field.
apply Rmult_le_compat_l; lra.
Qed.

(** ** A weight p of at least `high`; `steep` says how far the logarithm of the others is from the mean. *)
Section Large.
Variables (k : nat) (high a x v : R).
Hypothesis k_large : (2 <= k)%nat.
Let h := ln (INR (k - 1)).
Hypothesis high_inside : 0 < high < 1.
Hypothesis a_wide : wide a h.
Hypothesis a_one : 1 <= a.
Hypothesis a_low : a <= high * (ln (high / (1 - high)) + h).
Hypothesis x_high : 0 < x /\ sinh x * (x + h / 2) <= cosh x.
Hypothesis v_high : 1 <= v * sinh x ^ 2.

Lemma k_positive : 1 <= INR (k - 1).
Proof. replace 1 with (INR 1) by reflexivity; apply le_INR; lia. Qed.

Lemma h_positive : 0 <= h.
Proof. unfold h; rewrite <- ln_1; apply ln_le; [lra|exact k_positive]. Qed.

Lemma wider b : a <= b -> wide b h.
Proof. intros Hb u Hu; generalize (a_wide u Hu) (above_one u); nra. Qed.

Lemma steep p : high <= p < 1 -> a <= p * (ln (p / (1 - p)) + h).
Proof.
intros Hp; apply Rle_trans with (1 := a_low).
assert (L : ln (high / (1 - high)) <= ln (p / (1 - p))).
{ apply ln_le; [apply Rdiv_lt_0_compat; lra|]; unfold Rdiv; apply Rmult_le_compat; try lra.
  - left; apply Rinv_0_lt_compat; lra.
  - apply Rinv_le_contravar; lra. }
assert (0 <= ln (high / (1 - high)) + h) by nra.
apply Rmult_le_compat; lra.
Qed.

Lemma large l p : weights k l -> In p l -> high <= p -> varentropy_of l <= v.
Proof.
intros W I Hp; assert (V : 0 < v) by (generalize (pow2_ge_0 (sinh x)); nra).
destruct (in_split p l I) as [l1 [l2 ->]]; destruct W as [Hk [N S]].
assert (Hl : length (l1 ++ l2) = (k - 1)%nat) by (rewrite length_app in *; simpl in Hk; lia).
assert (R : sum (l1 ++ l2) = 1 - p) by (rewrite <- sum_id, (sum_middle (fun q => q)), sum_id in S; lra).
assert (M : Forall (fun q => 0 <= q) (l1 ++ l2)).
{ rewrite Forall_app in N; destruct N as [N1 N2]; inversion N2; subst; rewrite Forall_app; now split. }
destruct (part_below _ M) as [R0 below]; rewrite R in R0, below.
destruct (Req_dec p 1) as [One | One].
- apply Rle_trans with (1 := about 0 k _ (conj Hk (conj N S))).
  rewrite (sum_middle (fun q => q * (ln q - 0) ^ 2)), One, ln_1.
  apply Rle_trans with (1 * (0 - 0) ^ 2 + (INR (length (l1 ++ l2)) * 0 + 0 * sum (l1 ++ l2))); [|lra].
  apply Rplus_le_compat_l, sum_below; intros q Hq; rewrite Forall_forall in M; generalize (M q Hq) (below q Hq).
  intros Q0 Q1; replace q with 0 by lra; lra.
- assert (Hp1 : high <= p < 1) by lra.
  set (q := (1 - p) / INR (k - 1)); set (d := ln (p / (1 - p)) + h); set (b := p * d).
  assert (K := k_positive); assert (Hb : a <= b) by (apply steep; lra).
  assert (Hq : 0 < q) by (apply Rdiv_lt_0_compat; lra).
  assert (Lq : ln p - ln q = d).
  { unfold q, d, h, Rdiv; rewrite !ln_mult, !ln_Rinv; try lra; try (apply Rinv_0_lt_compat; lra). }
  apply Rle_trans with (1 := about (ln q + b) k _ (conj Hk (conj N S))).
  rewrite (sum_middle (fun q0 => q0 * (ln q0 - (ln q + b)) ^ 2)).
  assert (T : sum (map (fun q0 => q0 * (ln q0 - (ln q + b)) ^ 2) (l1 ++ l2)) <= INR (k - 1) * (2 * b * q) + (b ^ 2 - 2 * b) * (1 - p)).
  { rewrite <- Hl, <- R; apply sum_below; intros r Hr; rewrite Forall_forall in M.
    apply (tangent b h); trivial; [now apply wider|lra|].
    split; [now apply M|]; unfold h; rewrite exp_ln by lra; unfold q.
    replace (INR (k - 1) * ((1 - p) / INR (k - 1))) with (1 - p) by (field; lra); now apply below. }
  replace (INR (k - 1) * (2 * b * q)) with (2 * b * (1 - p)) in T by (unfold q; field; lra).
  replace (ln p - (ln q + b)) with ((1 - p) * d) by (unfold b; rewrite <- Lq; ring).
  destruct x_high as [X0 X1].
  assert (Two := two_levels x h p ltac:(lra) h_positive X0 X1); fold d in Two.
  assert (Z : p * ((1 - p) * d) ^ 2 + (1 - p) * b ^ 2 = p * (1 - p) * d ^ 2) by (unfold b; ring).
  assert (Y : p * (1 - p) * d ^ 2 <= v).
  { apply Rmult_le_reg_r with (sinh x ^ 2); [apply pow_lt; rewrite <- sinh_0; now apply sinh_lt|lra]. }
  lra.
Qed.
End Large.

(** * 5. No weight is large: a line is above *)

Lemma small k high c s m v l : (forall p, 0 <= p <= high -> p * (ln p - c) ^ 2 <= s + m * p) -> INR k * s + m <= v ->
  weights k l -> Forall (fun p => p <= high) l -> varentropy_of l <= v.
Proof.
intros H V W B; apply Rle_trans with (1 := about c k l W); destruct W as [Hk [N S]].
apply Rle_trans with (INR (length l) * s + m * sum l); [|rewrite Hk, S; lra].
apply sum_below; intros p Hp; rewrite Forall_forall in N, B; apply H; split; auto.
Qed.

(** In t = - ln p; from 60 on, exp t > (t/4)^4. *)
Lemma line high c s m : 0 < high -> - 2 <= c <= 0 -> 8 / 100 <= s -> 8 / 100 <= s + m * high ->
  (forall t, - ln high <= t <= 60 -> exp (- t) * (t + c) ^ 2 <= s + m * exp (- t)) ->
  forall p, 0 <= p <= high -> p * (ln p - c) ^ 2 <= s + m * p.
Proof.
intros Hh Hc S M H p [[Hp | <-] Hu]; [|lra].
set (t := - ln p); assert (E : p = exp (- t)) by (unfold t; rewrite Ropp_involutive, exp_ln; trivial).
replace (ln p - c) with (- (t + c)) by (unfold t; ring); rewrite E; replace ((- (t + c)) ^ 2) with ((t + c) ^ 2) by ring.
assert (T : - ln high <= t) by (apply Ropp_le_contravar, ln_le; lra).
destruct (Rle_dec t 60) as [L | L]; [now apply H|]; clear H.
assert (F : (t / 4) ^ 4 <= exp t).
{ replace (exp t) with (exp (t / 4) ^ 4).
  - apply pow_incr; generalize (exp_ineq1_le (t / 4)); lra.
  - rewrite <- Rpower_pow by apply exp_pos; unfold Rpower; rewrite ln_exp; f_equal; simpl; field. }
assert (O : exp (- t) * exp t = 1) by (rewrite <- exp_plus; replace (- t + t) with 0 by ring; apply exp_0).
assert (P := exp_pos (- t)).
assert (B : exp (- t) * t ^ 2 <= 8 / 100).
{ assert (Q : exp (- t) * (t / 4) ^ 4 <= 1) by (rewrite <- O; apply Rmult_le_compat_l; lra).
  replace (exp (- t) * (t / 4) ^ 4) with (exp (- t) * t ^ 2 * (t ^ 2 / 256)) in Q by field.
  assert (0 <= exp (- t) * t ^ 2) by (apply Rmult_le_pos; [lra|apply pow2_ge_0]).
  assert (3600 <= t ^ 2) by nra; nra. }
assert (C : exp (- t) * (t + c) ^ 2 <= exp (- t) * t ^ 2) by (apply Rmult_le_compat_l; nra).
assert (8 / 100 <= s + m * exp (- t)) by (rewrite <- E; nra).
lra.
Qed.

(** * 6. Three and eight atoms *)

Lemma floor_of k high a x v c s m : (2 <= k)%nat -> 0 < high < 1 -> wide a (ln (INR (k - 1))) -> 1 <= a ->
  a <= high * (ln (high / (1 - high)) + ln (INR (k - 1))) -> 0 < x /\ sinh x * (x + ln (INR (k - 1)) / 2) <= cosh x ->
  1 <= v * sinh x ^ 2 ->
  (forall p, 0 <= p <= high -> p * (ln p - c) ^ 2 <= s + m * p) -> INR k * s + m <= v -> varentropy_at_most k v.
Proof.
intros K H W A L X V S M l Hl; destruct (Exists_dec (fun p => high <= p) l (fun p => Rle_dec high p)) as [E | E].
- rewrite Exists_exists in E; destruct E as [p [I P]]; now apply (large k high a x v K H W A L X V l p).
- apply (small k high c s m v l S M Hl); rewrite Forall_forall; intros p I.
  destruct (Rle_dec p high) as [B | B]; trivial; exfalso; apply E; rewrite Exists_exists; exists p; split; trivial; lra.
Qed.

(** What `floor_of` asks of numbers once `start` has applied it; w: where `wide` begins. *)
Ltac by_numbers start w :=
  start; [ lia | lra
   | apply wide_from with w; try lra; intros v Hv; apply Rminus_le; interval with (i_prec 40, i_bisect v, i_autodiff v)
   | lra | interval with (i_prec 60)
   | split; [lra|]; unfold sinh, cosh; apply Rminus_le; interval with (i_prec 60)
   | unfold sinh; interval with (i_prec 60)
   | apply line; try lra; intros t Ht; apply Rminus_le; interval with (i_prec 40, i_bisect t)
   | simpl; lra ].

Theorem three : three_floor.
Proof.
by_numbers ltac:(apply (floor_of 3 (735 / 1000) (5 / 4) (98075 / 100000) _ (- 645 / 1000) (34 / 100) (- 3 / 10));
  replace (INR (3 - 1)) with 2 by (simpl; lra)) (6 / 10).
Qed.

Theorem eight : eight_floor.
Proof.
by_numbers ltac:(apply (floor_of 8 (668 / 1000) (1745 / 1000) (69335 / 100000) _ (- 1147 / 1000) (178 / 1000) (32 / 100));
  replace (INR (8 - 1)) with 7 by (simpl; lra)) (128 / 100).
Qed.

Theorem two : of_two.
Proof.
intros p Hp; unfold varentropy_of, mean_log, varentropy, sum; simpl map; simpl fold_right.
rewrite ln_div by lra; ring.
Qed.

Lemma samples k N v : varentropy_at_most k v -> 0 <= v -> INR (N - 1) * v < 100 -> samples_at_least k N.
Proof.
intros F V H l n W K; destruct (Nat.le_gt_cases N n) as [L | L]; trivial; exfalso.
assert (I : INR n <= INR (N - 1)) by (apply le_INR; lia).
generalize (F l W) (pos_INR n); intros B P; nra.
Qed.

Theorem three_observed : three_samples.
Proof. apply (samples 3 132 _ three); [lra|]; replace (INR (132 - 1)) with 131 by (simpl; lra); lra. Qed.

Theorem eight_observed : eight_samples.
Proof. apply (samples 8 57 _ eight); [lra|]; replace (INR (57 - 1)) with 56 by (simpl; lra); lra. Qed.

Definition everything := (two, three, eight, three_observed, eight_observed).
Print Assumptions everything.
