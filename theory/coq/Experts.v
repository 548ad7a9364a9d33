(** Experts: two atoms near the only true one, at what distance their density is, and what their merging keeps
    (d = 1; theory.md 2.7 and 2.11).

    Part 1 says what is proved; the other parts prove it, and their theorems are those statements. *)

From Coquelicot Require Import Coquelicot.
From Coq Require Import Reals List Lra Lia Factorial.
From Temperance Require Import Temperance Mixtures Twins Cells.
Import ListNotations.
Open Scope R_scope.

(** * 1. Statements *)

(** ** The theorem on experts: two atoms i and j near the one true atom e, whatever the gate is *)

Definition mean_at (x : R) (i : atom) : R := slope i * x + shift i.

(** Between the densities of y given x, over y within a standard deviation of the mean: at most that over all y. *)
Definition distance (s : R -> R) (tau : R) (i j e : atom) (x : R) : R :=
  RInt (fun y => Rabs (density s tau [i; j] x y - expert x y e)) (mean_at x e - sqrt (nu e)) (mean_at x e + sqrt (nu e)).

Definition close (eps : R) (e : atom) (x : R) (i : atom) : Prop :=
  Rabs (mean_at x i - mean_at x e) <= eps /\ Rabs (nu i - nu e) <= eps.
Definition near (eps : R) (e i : atom) : Prop :=
  Rabs (slope i - slope e) <= eps /\ Rabs (shift i - shift e) <= eps /\ Rabs (nu i - nu e) <= eps.

(** At one x, the mean has the order 4 and nu the order 2; *)
Definition experts_at_x : Prop := forall v, 0 < v -> exists eps C, 0 < eps /\
  forall e s tau i j x, nu e = v -> close eps e x i -> close eps e x j ->
  let error k := Rabs (mean_at x k - mean_at x e) ^ 4 + Rabs (nu k - nu e) ^ 2 in
  share s tau [i; j] x i * error i + share s tau [i; j] x j * error j <= C * distance s tau i j e x.
(** from two x, a and b have the order 4. *)
Definition experts_of_two : Prop := forall e x x', 0 < nu e -> x <> x' -> exists eps C, 0 < eps /\
  forall s tau i j, near eps e i -> near eps e j ->
  let p k := Rmin (share s tau [i; j] x k) (share s tau [i; j] x' k) in
  let error k := Rabs (slope k - slope e) ^ 4 + Rabs (shift k - shift e) ^ 4 + Rabs (nu k - nu e) ^ 2 in
  p i * error i + p j * error j <= C * (distance s tau i j e x + distance s tau i j e x').

(** The exponents 3 of b and 1 of nu are too small. *)
Definition too_small (power : atom -> atom -> R) : Prop := ~ exists eps C, 0 < eps /\
  forall e s tau i j x, nu e = 1 -> close eps e x i -> close eps e x j ->
  share s tau [i; j] x i * power i e <= C * distance s tau i j e x.
Definition exponents_sharp : Prop :=
  too_small (fun i e => Rabs (shift i - shift e) ^ 3) /\ too_small (fun i e => Rabs (nu i - nu e) ^ 1).

(** ** The merging theorem *)

(** The mean and the variance of all atoms of a cell, any number of them with weights p, in terms of the moment sums. *)
Definition merging_identity : Prop := forall l : list (R * R * R), let w := sum (map (fun '(p, b, nu) => p) l) in w <> 0 ->
  let m := sum (map (fun '(p, b, nu) => p * b) l) / w in
  m = moment_sum 1 l / w /\
  sum (map (fun '(p, b, nu) => p * (nu + (b - m) ^ 2)) l) / w = 2 * moment_sum 2 l / w - (moment_sum 1 l / w) ^ 2.

Definition merged_mean (s : R -> R) (tau : R) (i j : atom) (x : R) : R :=
  share s tau [i; j] x i * mean_at x i + share s tau [i; j] x j * mean_at x j.
Definition merged_variance (s : R -> R) (tau : R) (i j : atom) (x : R) : R :=
  let about k := nu k + (mean_at x k - merged_mean s tau i j x) ^ 2 in
  share s tau [i; j] x i * about i + share s tau [i; j] x j * about j.

(** At one x, both have the order 1; *)
Definition merging_at_x : Prop := forall v, 0 < v -> exists eps C, 0 < eps /\
  forall e s tau i j x, nu e = v -> close eps e x i -> close eps e x j ->
  Rabs (merged_mean s tau i j x - mean_at x e) + Rabs (merged_variance s tau i j x - nu e) <= C * distance s tau i j e x.
(** so do a and b of the line through the means at two x. *)
Definition merging_of_two : Prop := forall e x x', 0 < nu e -> x <> x' -> exists eps C, 0 < eps /\
  forall s tau i j, near eps e i -> near eps e j ->
  let a := (merged_mean s tau i j x' - merged_mean s tau i j x) / (x' - x) in
  let b := merged_mean s tau i j x - a * x in
  Rabs (a - slope e) + Rabs (b - shift e) <= C * (distance s tau i j e x + distance s tau i j e x').

(** The weighted mean of nu has not. *)
Definition plain_mean_fails : Prop := ~ exists eps C, 0 < eps /\
  forall e s tau i j x, nu e = 1 -> close eps e x i -> close eps e x j ->
  Rabs (share s tau [i; j] x i * nu i + share s tau [i; j] x j * nu j - nu e) <= C * distance s tau i j e x.

(** * 2. Taylor's formula of the normal density *)

Lemma grow (g g' : R -> R) M C n : 0 <= C -> (forall u, Rabs u <= M -> is_derive g u (g' u)) ->
  (forall u, Rabs u <= M -> Rabs (g' u) <= C * Rabs u ^ n) -> g 0 = 0 ->
  forall u, Rabs u <= M -> Rabs (g u) <= C * Rabs u ^ S n.
Proof.
intros P D B Z u U.
assert (I : forall c, Rmin 0 u <= c <= Rmax 0 u -> Rabs c <= Rabs u).
{ intros c Hc; destruct (Rle_lt_dec 0 u) as [L | L].
  - rewrite Rmin_left, Rmax_right in Hc by lra; rewrite !Rabs_pos_eq; lra.
  - rewrite Rmin_right, Rmax_left in Hc by lra; rewrite !Rabs_left1; lra. }
destruct (MVT_gen g 0 u g') as [c [Hc E]].
- intros x Hx; apply D, Rle_trans with (Rabs u); [apply I; lra|trivial].
- intros x Hx; apply derivable_continuous_pt; exists (g' x); apply is_derive_Reals, D, Rle_trans with (Rabs u);
    [now apply I|trivial].
- rewrite Z, !Rminus_0_r in E; rewrite E, Rabs_mult; specialize (I c Hc).
  assert (C0 : Rabs (g' c) <= C * Rabs c ^ n) by (apply B; lra).
  simpl; replace (C * (Rabs u * Rabs u ^ n)) with (C * Rabs u ^ n * Rabs u) by ring.
  apply Rmult_le_compat_r; [apply Rabs_pos|]; apply Rle_trans with (1 := C0).
  apply Rmult_le_compat_l; [trivial|apply pow_incr; split; [apply Rabs_pos|trivial]].
Qed.

Lemma exp_taylor M u : Rabs u <= M ->
  Rabs (exp u - (1 + u + u ^ 2 / 2 + u ^ 3 / 6 + u ^ 4 / 24)) <= exp M * Rabs u ^ 5.
Proof.
assert (P : 0 <= exp M) by apply Rlt_le, exp_pos; revert u.
apply (grow _ (fun u => exp u - (1 + u + u ^ 2 / 2 + u ^ 3 / 6))); trivial;
  [intros; auto_derive; [trivial|field]| |rewrite exp_0; field].
apply (grow _ (fun u => exp u - (1 + u + u ^ 2 / 2))); trivial; [intros; auto_derive; [trivial|field]| |rewrite exp_0; field].
apply (grow _ (fun u => exp u - (1 + u))); trivial; [intros; auto_derive; [trivial|field]| |rewrite exp_0; field].
apply (grow _ (fun u => exp u - 1)); trivial; [intros; auto_derive; [trivial|field]| |rewrite exp_0; field].
apply (grow _ exp); trivial; [intros; auto_derive; [trivial|field]| |rewrite exp_0; field].
intros u H; rewrite Rabs_pos_eq by apply Rlt_le, exp_pos; simpl; rewrite Rmult_1_r.
assert (u <= M) by (apply Rle_trans with (2 := H), Rle_abs).
destruct (Req_dec u M) as [-> | N]; [lra|apply Rlt_le, exp_increasing; lra].
Qed.

Lemma ln_taylor u : Rabs u <= 1 / 2 -> Rabs (ln (1 + u) - (u - u ^ 2 / 2)) <= 2 * Rabs u ^ 3.
Proof.
revert u; apply (grow _ (fun u => / (1 + u) - (1 - u))); [lra| | |].
- intros u H; apply Rabs_le_between in H; auto_derive; [lra|field; lra].
- intros u H; assert (K := H); apply Rabs_le_between in K; replace (/ (1 + u) - (1 - u)) with (u ^ 2 * / (1 + u)) by (field; lra).
  rewrite Rmult_comm, Rabs_mult, RPow_abs; apply Rmult_le_compat_r; [apply Rabs_pos|].
  rewrite Rabs_pos_eq by (apply Rlt_le, Rinv_0_lt_compat; lra); replace 2 with (/ (1 / 2)) by field.
  apply Rinv_le_contravar; lra.
- rewrite Rplus_0_r, ln_1; field.
Qed.

Definition He (k : nat) (y : R) : R :=
  match k with
  | 0%nat => 1
  | 1%nat => y
  | 2%nat => y ^ 2 - 1
  | 3%nat => y ^ 3 - 3 * y
  | _ => y ^ 4 - 6 * y ^ 2 + 3
  end.

Definition taylor (b n y : R) : R := moment 1 b (n / 2) * He 1 y + moment 2 b (n / 2) * He 2 y +
  moment 3 b (n / 2) * He 3 y + moment 4 b (n / 2) * He 4 y.

Lemma powers_of_sum r t1 t2 t3 t4 : 0 <= r <= 1 -> Rabs t1 <= 2 -> Rabs t2 <= 2 -> Rabs t3 <= 2 -> Rabs t4 <= 2 ->
  let t := r * t1 + r ^ 2 * t2 + r ^ 3 * t3 + r ^ 4 * t4 in
  Rabs t <= 8 * r /\
  Rabs (t + t ^ 2 / 2 + t ^ 3 / 6 + t ^ 4 / 24 - (r * t1 + r ^ 2 * (t2 + t1 ^ 2 / 2) + r ^ 3 * (t3 + t1 * t2 + t1 ^ 3 / 6) +
    r ^ 4 * (t4 + t1 * t3 + t2 ^ 2 / 2 + t1 ^ 2 * t2 / 2 + t1 ^ 4 / 24))) <= 1000 * r ^ 5.
Proof.
intros Hr H1 H2 H3 H4 t; assert (R1 : Rabs r <= 1) by (now apply abs_pos).
set (s3 := t3 + r * t4); set (s2 := t2 + r * s3); assert (S3 : Rabs s3 <= 4) by (unfold s3; at_most; lra).
assert (S2 : Rabs s2 <= 6) by (unfold s2; at_most; lra); split.
- replace t with (r * (t1 + r * s2)) by (unfold t, s2, s3; ring); rewrite Rabs_mult, (Rabs_pos_eq r) by lra.
  rewrite Rmult_comm; apply Rmult_le_compat_r; [lra|]; at_most; lra.
- match goal with |- Rabs ?e <= _ => replace e with (r ^ 5 * ((2 * t1 * t4 + 2 * t2 * s3 + r * s3 ^ 2) / 2 +
    (3 * t1 ^ 2 * s3 + 3 * t1 * s2 ^ 2 + r * s2 ^ 3) / 6 +
    (4 * t1 ^ 3 * s2 + 6 * r * t1 ^ 2 * s2 ^ 2 + 4 * r ^ 2 * t1 * s2 ^ 3 + r ^ 3 * s2 ^ 4) / 24))
    by (unfold t, s2, s3; field) end.
  rewrite Rabs_mult, (Rabs_pos_eq (r ^ 5)) by (apply pow_le; lra); rewrite Rmult_comm.
  apply Rmult_le_compat_r; [apply pow_le; lra|]; at_most; lra.
Qed.

Lemma normal_ratio b n y : -1 < n ->
  normal y b (1 + n) = normal y 0 1 * exp ((n * y ^ 2 + 2 * y * b - b ^ 2) / (2 * (1 + n)) - ln (1 + n) / 2).
Proof.
intros H; assert (P := PI_RGT_0); unfold normal, Rdiv; replace (2 * PI * 1) with (2 * PI) by ring.
assert (S1 : 0 < sqrt (2 * PI)) by (apply sqrt_lt_R0; lra).
assert (E : sqrt (2 * PI * (1 + n)) = sqrt (2 * PI) * exp (ln (1 + n) / 2)).
{ apply sqrt_lem_1; [apply Rmult_le_pos; lra|apply Rmult_le_pos; [lra|apply Rlt_le, exp_pos]|].
  replace (sqrt (2 * PI) * exp (ln (1 + n) / 2) * (sqrt (2 * PI) * exp (ln (1 + n) / 2))) with
    (sqrt (2 * PI) * sqrt (2 * PI) * (exp (ln (1 + n) / 2) * exp (ln (1 + n) / 2))) by ring.
  rewrite sqrt_sqrt by lra; rewrite <- exp_plus.
  replace (ln (1 + n) / 2 + ln (1 + n) / 2) with (ln (1 + n)) by field; rewrite exp_ln by lra; ring. }
rewrite E, (Rinv_mult (sqrt (2 * PI))), <- exp_Ropp.
replace (exp (- (y - 0) ^ 2 * / (2 * 1)) * / sqrt (2 * PI) *
  exp ((n * y ^ 2 + 2 * y * b - b ^ 2) * / (2 * (1 + n)) - ln (1 + n) * / 2)) with
  (/ sqrt (2 * PI) * (exp (- (y - 0) ^ 2 * / (2 * 1)) *
  exp ((n * y ^ 2 + 2 * y * b - b ^ 2) * / (2 * (1 + n)) - ln (1 + n) * / 2))) by ring.
rewrite <- exp_plus.
replace (exp (- (y - b) ^ 2 * / (2 * (1 + n))) * (/ sqrt (2 * PI) * exp (- (ln (1 + n) / 2)))) with
  (/ sqrt (2 * PI) * (exp (- (y - b) ^ 2 * / (2 * (1 + n))) * exp (- (ln (1 + n) / 2)))) by ring.
rewrite <- exp_plus; do 2 f_equal; field; lra.
Qed.

Lemma of_size b n r : rho b n = r -> exists beta eta, b = r * beta /\ n = r ^ 2 * eta /\ Rabs beta <= 1 /\ Rabs eta <= 1.
Proof.
intros E; destruct (rho_bounds b n r) as [B N]; [lra|]; assert (P : 0 <= r) by (rewrite <- E; apply rho_pos).
destruct (Req_dec r 0) as [-> | Z].
- rewrite pow_i in N by lia; apply Rabs_le_between in B; apply Rabs_le_between in N; exists 0, 0; rewrite Rabs_R0; lra.
- assert (Q : 0 < r ^ 2) by (apply pow_lt; lra); assert (S : forall a t, 0 < t -> Rabs a <= t -> Rabs (a / t) <= 1).
  { intros a t Ht A; unfold Rdiv; rewrite Rabs_mult, (Rabs_pos_eq (/ t)) by (now apply Rlt_le, Rinv_0_lt_compat).
    apply Rmult_le_reg_r with t; [trivial|]; rewrite Rmult_assoc, Rinv_l; lra. }
  exists (b / r), (n / r ^ 2); repeat split; [field; trivial|field; trivial|apply S; lra|now apply S].
Qed.

Lemma normal_taylor : exists C, 0 < C /\ forall b n y, rho b n <= 1 / 2 -> Rabs y <= 1 ->
  exists e, normal y b (1 + n) = normal y 0 1 * (1 + taylor b n y + e) /\ Rabs e <= C * rho b n ^ 5.
Proof.
exists (8 * exp 5 + 8 ^ 5 * exp 5 + 1000); split; [generalize (exp_pos 5); lra|]; intros b n y H Y.
set (r := rho b n) in *; destruct (of_size b n r eq_refl) as [beta [eta [Eb [En [B N]]]]].
assert (P : 0 <= r) by apply rho_pos.
assert (R1 : Rabs r <= 1 / 2) by (apply abs_pos; lra).
assert (R2 : 0 <= r ^ 2 <= 1 / 4) by nra.
assert (Nn : Rabs n <= 1 / 4).
{ rewrite En, Rabs_mult, (Rabs_pos_eq (r ^ 2)) by lra; assert (0 <= Rabs eta) by apply Rabs_pos; nra. }
assert (Nn' := Nn); apply Rabs_le_between in Nn'.
set (th := (n * y ^ 2 + 2 * y * b - b ^ 2) / (2 * (1 + n)) - ln (1 + n) / 2).
set (t1 := y * beta); set (t2 := (eta * y ^ 2 - beta ^ 2 - eta) / 2); set (t3 := - (y * beta * eta));
  set (t4 := (beta ^ 2 * eta - eta ^ 2 * y ^ 2) / 2 + eta ^ 2 / 4).
destruct (powers_of_sum r t1 t2 t3 t4) as [T8 T5]; try (unfold t1, t2, t3, t4; at_most; lra); [lra|].
set (t := r * t1 + r ^ 2 * t2 + r ^ 3 * t3 + r ^ 4 * t4) in *.
set (l := ln (1 + n) - (n - n ^ 2 / 2)).
assert (L : Rabs l <= 2 * Rabs n ^ 3) by (apply ln_taylor; lra).
assert (I : 0 < / (1 + n) <= 2).
{ split; [apply Rinv_0_lt_compat; lra|replace 2 with (/ (1 / 2)) by field; apply Rinv_le_contravar; lra]. }
assert (P5 : 0 <= r ^ 5) by (now apply pow_le).
assert (D : Rabs (th - t) <= 8 * r ^ 5).
{ replace (th - t) with (r ^ 5 * (eta ^ 2 * / (1 + n) * ((r * eta * y ^ 2 + 2 * y * beta - r * beta ^ 2) / 2)) - l / 2).
  - assert (L' : Rabs l <= 2 * r ^ 5).
    { apply Rle_trans with (1 := L); rewrite En, Rabs_mult, (Rabs_pos_eq (r ^ 2)) by lra.
      replace ((r ^ 2 * Rabs eta) ^ 3) with (r ^ 5 * (r * Rabs eta ^ 3)) by ring.
      assert (0 <= Rabs eta ^ 3 <= 1) by (split; [apply pow_le, Rabs_pos|rewrite <- (pow1 3); apply pow_incr; split;
        [apply Rabs_pos|trivial]]).
      replace (2 * r ^ 5) with (2 * (r ^ 5 * 1)) by ring; apply Rmult_le_compat_l; [lra|].
      apply Rmult_le_compat_l; [trivial|nra]. }
    assert (I' : Rabs (/ (1 + n)) <= 2) by (apply abs_pos; lra).
    assert (Rabs (r ^ 5) <= r ^ 5) by (now apply abs_number).
    eapply Rle_trans; [apply abs_minus; [apply abs_mult; [eassumption|size]|size]|lra].
  - unfold th, t, t1, t2, t3, t4, l; rewrite Eb; field_simplify_eq; [rewrite En; ring|lra]. }
set (p4 := fun t => 1 + t + t ^ 2 / 2 + t ^ 3 / 6 + t ^ 4 / 24).
assert (T4 : Rabs t <= 4) by lra; assert (Th : Rabs th <= 5).
{ replace th with (th - t + t) by ring; assert (r ^ 5 <= (1 / 2) ^ 5) by (apply pow_incr; lra).
  eapply Rle_trans; [apply abs_plus; [exact D|exact T4]|lra]. }
assert (X : Rabs (exp th - exp t) <= exp 5 * (8 * r ^ 5)).
{ apply Rabs_le_between in Th; apply Rabs_le_between in T4.
  destruct (MVT_gen exp t th exp) as [c [Hc E]].
  - intros; auto_derive; [trivial|ring].
  - intros x _; apply derivable_continuous_pt; exists (exp x); apply derivable_pt_lim_exp.
  - rewrite E, Rabs_mult; apply Rmult_le_compat; try apply Rabs_pos; trivial.
    rewrite Rabs_pos_eq by apply Rlt_le, exp_pos.
    assert (c <= 5) by (apply Rle_trans with (1 := proj2 Hc); apply Rmax_lub; lra).
    destruct (Req_dec c 5) as [-> | Nc]; [lra|apply Rlt_le, exp_increasing; lra]. }
assert (Y5 : Rabs (exp t - p4 t) <= exp 5 * (8 ^ 5 * r ^ 5)).
{ apply Rle_trans with (exp 5 * Rabs t ^ 5); [apply exp_taylor; lra|].
  apply Rmult_le_compat_l; [apply Rlt_le, exp_pos|]; rewrite <- Rpow_mult_distr; apply pow_incr; split; [apply Rabs_pos|trivial]. }
exists (exp th - (1 + taylor b n y)); split.
- rewrite normal_ratio by lra; fold th; f_equal; ring.
- assert (Z : taylor b n y = r * t1 + r ^ 2 * (t2 + t1 ^ 2 / 2) + r ^ 3 * (t3 + t1 * t2 + t1 ^ 3 / 6) +
    r ^ 4 * (t4 + t1 * t3 + t2 ^ 2 / 2 + t1 ^ 2 * t2 / 2 + t1 ^ 4 / 24)).
  { unfold taylor; rewrite !moment_scaled by lia; rewrite Eb, En; unfold scaled, He, t1, t2, t3, t4; simpl; field. }
  rewrite Z; replace (exp th - (1 + _)) with ((exp th - exp t) + (exp t - p4 t) + (p4 t - 1 -
    (r * t1 + r ^ 2 * (t2 + t1 ^ 2 / 2) + r ^ 3 * (t3 + t1 * t2 + t1 ^ 3 / 6) +
    r ^ 4 * (t4 + t1 * t3 + t2 ^ 2 / 2 + t1 ^ 2 * t2 / 2 + t1 ^ 4 / 24)))) by ring.
  eapply Rle_trans; [apply abs_plus; [apply abs_plus; [exact X|exact Y5]|]|].
  + apply Rle_trans with (2 := T5), Req_le; apply f_equal; unfold p4; ring.
  + lra.
Qed.

(** * 3. The distance bounds the moment sums *)

Definition hermite_sum (c : nat -> R) (y : R) : R :=
  c 0%nat * He 0 y + c 1%nat * He 1 y + c 2%nat * He 2 y + c 3%nat * He 3 y + c 4%nat * He 4 y.

(** Polynomials whose integrals with He j over [-1, 1] are 1 for j = k and else 0. *)
Definition dual (k : nat) (y : R) : R :=
  match k with
  | 0%nat => 12285 / 64 * y ^ 4 - 5145 / 32 * y ^ 2 + 1005 / 64
  | 1%nat => 105 / 2 * y ^ 3 - 30 * y
  | 2%nat => 14175 / 32 * y ^ 4 - 5985 / 16 * y ^ 2 + 1155 / 32
  | 3%nat => 175 / 8 * y ^ 3 - 105 / 8 * y
  | _ => 11025 / 128 * y ^ 4 - 4725 / 64 * y ^ 2 + 945 / 128
  end.

Fixpoint polynomial (l : list R) (y : R) : R := match l with [] => 0 | a :: l => a + y * polynomial l y end.
Fixpoint integrated (n : nat) (l : list R) : list R := match l with [] => [] | a :: l => a / INR n :: integrated (S n) l end.

Ltac real_ring := simpl; match goal with |- ?a = ?b => change (@eq R a b) end; ring.

Lemma polynomial_integral l y n : (0 < n)%nat ->
  is_derive (fun y => y ^ n * polynomial (integrated n l) y) y (y ^ (n - 1) * polynomial l y).
Proof.
revert n; induction l as [|a l IH]; intros n Hn; simpl.
- apply is_derive_ext with (fun _ => 0); [intros; real_ring|rewrite Rmult_0_r; apply @is_derive_const].
- apply is_derive_ext with (fun y => y ^ n * (a / INR n) + y ^ S n * polynomial (integrated (S n) l) y);
    [intros; real_ring|].
  assert (N : INR n <> 0) by (apply not_0_INR; lia).
  replace (y ^ (n - 1) * (a + y * polynomial l y)) with (INR n * y ^ (n - 1) * (a / INR n) + y ^ (S n - 1) * polynomial l y).
  + apply @is_derive_plus; [|apply IH; lia].
    auto_derive; [trivial|replace (Init.Nat.pred n) with (n - 1)%nat by lia; ring].
  + replace (S n - 1)%nat with (S (n - 1)) by lia; simpl; field; trivial.
Qed.

Lemma polynomial_RInt l : is_RInt (polynomial l) (-1) 1 (polynomial (integrated 1 l) 1 + polynomial (integrated 1 l) (-1)).
Proof.
replace (polynomial (integrated 1 l) 1 + polynomial (integrated 1 l) (-1)) with
  (minus (1 ^ 1 * polynomial (integrated 1 l) 1) ((-1) ^ 1 * polynomial (integrated 1 l) (-1)))
  by (unfold minus, plus, opp; simpl; ring).
apply (is_RInt_derive (fun y => y ^ 1 * polynomial (integrated 1 l) y) (polynomial l)).
- intros y _; generalize (polynomial_integral l y 1 ltac:(lia)); simpl; now rewrite Rmult_1_l.
- intros y _; apply (ex_derive_continuous (polynomial l)); clear; induction l as [|a l IH]; simpl.
  + apply ex_derive_const.
  + apply (ex_derive_plus (fun _ => a) (fun y => y * polynomial l y)); [apply ex_derive_const|].
    apply (ex_derive_mult (fun y => y) (polynomial l)); trivial; apply ex_derive_id.
Qed.

Lemma dual_integral k c : (k <= 4)%nat -> is_RInt (fun y => dual k y * hermite_sum c y) (-1) 1 (c k).
Proof.
intros H; set (c0 := c 0%nat); set (c1 := c 1%nat); set (c2 := c 2%nat); set (c3 := c 3%nat); set (c4 := c 4%nat).
set (a0 := c0 - c2 + 3 * c4); set (a1 := c1 - 3 * c3); set (a2 := c2 - 6 * c4).
assert (E : forall y, hermite_sum c y = polynomial [a0; a1; a2; c3; c4] y) by
  (intros; unfold hermite_sum, a0, a1, a2; simpl; fold c0 c1 c2 c3 c4; ring).
destruct k as [|[|[|[|[|k]]]]]; [| | | | |lia].
1, 3, 5: match goal with |- is_RInt (fun y => dual ?k y * _) _ _ _ =>
  let q := eval cbv [dual] in (fun y => dual k y) in match q with fun y => ?q4 * _ - ?q2 * _ + ?q0 =>
  pose (l := [q0 * a0; q0 * a1; q0 * a2 - q2 * a0; q0 * c3 - q2 * a1; q0 * c4 - q2 * a2 + q4 * a0; q4 * a1 - q2 * c3;
    q4 * a2 - q2 * c4; q4 * c3; q4 * c4]) end end.
4, 5: match goal with |- is_RInt (fun y => dual ?k y * _) _ _ _ =>
  let q := eval cbv [dual] in (fun y => dual k y) in match q with fun y => ?q3 * _ - ?q1 * _ =>
  pose (l := [0; - q1 * a0; - q1 * a1; q3 * a0 - q1 * a2; q3 * a1 - q1 * c3; q3 * a2 - q1 * c4; q3 * c3; q3 * c4]) end end.
all: match goal with |- is_RInt _ _ _ ?v => apply is_RInt_ext with (polynomial l);
  [intros y _; rewrite E; unfold l; cbn [polynomial dual]; real_ring|
   replace v with (polynomial (integrated 1 l) 1 + polynomial (integrated 1 l) (-1)); [apply polynomial_RInt|
   unfold l, a0, a1, a2; simpl; fold c0 c1 c2 c3 c4; field]] end.
Qed.

Lemma normal_continuous m v y : 0 < v -> continuous (fun y => normal y m v) y.
Proof.
intros H; apply (ex_derive_continuous (fun y => normal y m v)); destruct (sqrt_square v H).
unfold normal, Rdiv, Rminus; auto_derive; trivial.
Qed.

Lemma normal_below y : Rabs y <= 1 -> 1 <= exp (1 / 2) * sqrt (2 * PI) * normal y 0 1.
Proof.
intros H; assert (P := PI_RGT_0); assert (S : 0 < sqrt (2 * PI)) by (apply sqrt_lt_R0; lra); unfold normal.
replace (2 * PI * 1) with (2 * PI) by ring; unfold Rdiv.
replace (exp (1 * / 2) * sqrt (2 * PI) * (exp (- (y - 0) ^ 2 * / (2 * 1)) * / sqrt (2 * PI))) with
  (exp (1 * / 2) * exp (- (y - 0) ^ 2 * / (2 * 1))) by (field; lra).
rewrite <- exp_plus; rewrite <- exp_0 at 1; set (e := 1 * / 2 + - (y - 0) ^ 2 * / (2 * 1)).
assert (0 <= e) by (apply Rabs_le_between in H; unfold e; nra).
destruct (Req_dec e 0) as [-> | N]; [lra|apply Rlt_le, exp_increasing; lra].
Qed.

Definition two_normals p1 b1 n1 p2 b2 n2 y : R := p1 * normal y b1 n1 + p2 * normal y b2 n2.

Lemma difference_continuous p1 m1 v1 p2 m2 v2 m v y : 0 < v1 -> 0 < v2 -> 0 < v ->
  continuous (fun y => Rabs (two_normals p1 m1 v1 p2 m2 v2 y - normal y m v)) y.
Proof.
intros H1 H2 H; apply (continuous_comp (fun y => two_normals p1 m1 v1 p2 m2 v2 y - normal y m v) Rabs);
  [|apply continuous_Rabs].
apply (continuous_minus (two_normals p1 m1 v1 p2 m2 v2)); [|now apply normal_continuous].
apply (continuous_plus (fun y => p1 * normal y m1 v1)).
- apply (continuous_mult (fun _ => p1)); [apply continuous_const|now apply normal_continuous].
- apply (continuous_mult (fun _ => p2)); [apply continuous_const|now apply normal_continuous].
Qed.

Definition distance_from_standard p1 b1 n1 p2 b2 n2 : R :=
  RInt (fun y => Rabs (two_normals p1 b1 (1 + n1) p2 b2 (1 + n2) y - normal y 0 1)) (-1) 1.

(** The coefficients of Hermite's polynomials in the quotient of the difference and the normal density. *)
Definition coefficient (l : list (R * R * R)) (k : nat) : R :=
  match k with 0%nat => sum (map (fun '(p, b, nu) => p) l) - 1 | _ => moment_sum k l end.

Lemma coefficients_bounded : exists C, 0 < C /\ forall p1 b1 n1 p2 b2 n2, 0 <= p1 -> 0 <= p2 ->
  rho b1 n1 <= 1 / 2 -> rho b2 n2 <= 1 / 2 -> forall k, (k <= 4)%nat ->
  Rabs (coefficient [(p1, b1, n1); (p2, b2, n2)] k) <=
    C * (distance_from_standard p1 b1 n1 p2 b2 n2 + spread 5 [(p1, b1, n1); (p2, b2, n2)]).
Proof.
destruct normal_taylor as [C [PC T]]; set (K := exp (1 / 2) * sqrt (2 * PI)).
assert (PK : 0 < K) by (apply Rmult_lt_0_compat; [apply exp_pos|apply sqrt_lt_R0; generalize PI_RGT_0; lra]).
exists (1000 * (K + 2 * C)); split; [lra|]; intros p1 b1 n1 p2 b2 n2 P1 P2 R1 R2 k Hk.
set (l := [(p1, b1, n1); (p2, b2, n2)]); set (c := coefficient l); set (V := distance_from_standard p1 b1 n1 p2 b2 n2).
set (d := fun y => two_normals p1 b1 (1 + n1) p2 b2 (1 + n2) y - normal y 0 1).
set (m := C * spread 5 l); assert (Sm : 0 <= spread 5 l).
{ unfold spread, l; cbn [map sum fold_right].
  generalize (Rmult_le_pos _ _ P1 (pow_le _ 5 (rho_pos b1 n1))) (Rmult_le_pos _ _ P2 (pow_le _ 5 (rho_pos b2 n2))); lra. }
assert (N : forall b n, rho b n <= 1 / 2 -> 0 < 1 + n).
{ intros b n H; destruct (rho_bounds b n _ H) as [_ H']; apply Rabs_le_between in H'; lra. }
assert (Cd : forall y, continuous (fun y => Rabs (d y)) y) by (intros; apply difference_continuous; eauto; lra).
assert (Id : is_RInt (fun y => Rabs (d y)) (-1) 1 V) by
  (apply (@RInt_correct R_CompleteNormedModule), (@ex_RInt_continuous R_CompleteNormedModule); intros; apply Cd).
assert (Ig : is_RInt (fun y => 1000 * (K * Rabs (d y) + m)) (-1) 1 (1000 * (K * V + 2 * m))).
{ apply (is_RInt_scal (fun y => K * Rabs (d y) + m)).
  replace (2 * m) with ((1 - -1) * m) by ring; apply @is_RInt_plus; [now apply (is_RInt_scal (fun y => Rabs (d y)))|].
  apply @is_RInt_const. }
assert (If := dual_integral k c Hk).
assert (B : forall y, -1 <= y <= 1 -> Rabs (dual k y * hermite_sum c y) <= 1000 * (K * Rabs (d y) + m)).
{ intros y Hy; assert (Y : Rabs y <= 1) by (apply Rabs_le; lra).
  rewrite Rabs_mult; apply Rmult_le_compat; try apply Rabs_pos.
  - destruct k as [|[|[|[|[|k]]]]]; [| | | | |lia]; unfold dual; at_most; lra.
  - destruct (T b1 n1 y R1 Y) as [e1 [E1 B1]]; destruct (T b2 n2 y R2 Y) as [e2 [E2 B2]].
    assert (Q := normal_below y Y); fold K in Q; set (f := normal y 0 1) in *.
    assert (Pf : 0 < f) by (assert (0 < K * f) by lra; nra).
    assert (H : f * hermite_sum c y = d y - f * (p1 * e1 + p2 * e2)).
    { unfold d, two_normals; rewrite E1, E2; fold f.
      unfold hermite_sum, c, coefficient, moment_sum, l, taylor; cbn [map sum fold_right He]; ring. }
    replace (hermite_sum c y) with (d y / f - (p1 * e1 + p2 * e2)) by
      (apply Rmult_eq_reg_l with f; [rewrite H; field; lra|lra]).
    apply abs_minus.
    + unfold Rdiv; rewrite Rabs_mult, Rmult_comm; apply Rmult_le_compat_r; [apply Rabs_pos|].
      rewrite Rabs_pos_eq by (now apply Rlt_le, Rinv_0_lt_compat).
      apply Rmult_le_reg_r with f; [trivial|]; rewrite Rinv_l; lra.
    + unfold m, spread, l; cbn [map sum fold_right].
      replace (C * (p1 * rho b1 n1 ^ 5 + (p2 * rho b2 n2 ^ 5 + 0))) with
        (p1 * (C * rho b1 n1 ^ 5) + p2 * (C * rho b2 n2 ^ 5)) by ring.
      apply abs_plus; apply abs_mult; trivial; now apply abs_number. }
replace (Rabs (c k)) with (norm (c k)) by reflexivity.
apply Rle_trans with (1000 * (K * V + 2 * m)).
- apply (norm_RInt_le (fun y => dual k y * hermite_sum c y) (fun y => 1000 * (K * Rabs (d y) + m)) (-1) 1); trivial; lra.
- assert (PV : 0 <= V).
  { apply (is_RInt_ge_0 (fun y => Rabs (d y)) (-1) 1); trivial; [lra|intros; apply Rabs_pos]. }
  unfold m; assert (0 <= K * spread 5 l) by (apply Rmult_le_pos; lra); assert (0 <= C * V) by (apply Rmult_le_pos; lra).
  lra.
Qed.

Lemma standard : exists eps C, 0 < eps <= 1 /\ 0 < C /\ forall p1 b1 n1 p2 b2 n2, 0 <= p1 -> 0 <= p2 ->
  rho b1 n1 <= eps -> rho b2 n2 <= eps -> let V := distance_from_standard p1 b1 n1 p2 b2 n2 in
  spread 4 [(p1, b1, n1); (p2, b2, n2)] <= C * V /\
  forall k, (k <= 4)%nat -> Rabs (coefficient [(p1, b1, n1); (p2, b2, n2)] k) <= C * V.
Proof.
destruct coefficients_bounded as [C [PC H]]; set (A := 81552 * C); assert (PA : 0 < A) by (unfold A; lra).
assert (I : 0 < / (2 * A + 2)) by (apply Rinv_0_lt_compat; lra).
assert (J : / (2 * A + 2) * (2 * A + 2) = 1) by (field; lra).
exists (/ (2 * A + 2)), (2 * A + C + 1); split; [nra|split; [lra|]].
intros p1 b1 n1 p2 b2 n2 P1 P2 R1 R2 V; set (l := [(p1, b1, n1); (p2, b2, n2)]).
assert (B := H p1 b1 n1 p2 b2 n2 P1 P2 ltac:(nra) ltac:(nra)); fold V l in B; clear H.
assert (S5 : spread 5 l <= / (2 * A + 2) * spread 4 l).
{ unfold spread, l; cbn [map sum fold_right].
  assert (L : forall p b n, 0 <= p -> rho b n <= / (2 * A + 2) -> p * rho b n ^ 5 <= / (2 * A + 2) * (p * rho b n ^ 4)).
  { intros p b n P R; replace (p * rho b n ^ 5) with (rho b n * (p * rho b n ^ 4)) by ring.
    apply Rmult_le_compat_r; [apply Rmult_le_pos; [trivial|apply pow_le, rho_pos]|trivial]. }
  generalize (L _ _ _ P1 R1) (L _ _ _ P2 R2); lra. }
assert (S4 : spread 4 l <= 81552 * (C * (V + spread 5 l))).
{ apply uniform_two_constant; [unfold in_box; repeat apply Forall_cons; try apply Forall_nil; split; trivial; nra|].
  intros j Hj; generalize (B j ltac:(lia)); unfold coefficient; destruct j; [lia|trivial]. }
assert (PV : 0 <= V + spread 5 l) by (generalize (Rle_trans _ _ _ (Rabs_pos _) (B 0%nat ltac:(lia))); nra).
assert (P4 : 0 <= spread 4 l).
{ unfold spread, l; cbn [map sum fold_right].
  generalize (Rmult_le_pos _ _ P1 (pow_le _ 4 (rho_pos b1 n1))) (Rmult_le_pos _ _ P2 (pow_le _ 4 (rho_pos b2 n2))); lra. }
assert (S4' : spread 4 l <= A * V + A * (/ (2 * A + 2) * spread 4 l)) by
  (apply Rle_trans with (1 := S4); unfold A at 1 2; generalize (Rmult_le_compat_l A _ _ (Rlt_le _ _ PA) S5); unfold A; lra).
assert (Z : spread 4 l <= 2 * A * V).
{ assert (A * (/ (2 * A + 2) * spread 4 l) <= spread 4 l / 2); [|lra].
  replace (A * (/ (2 * A + 2) * spread 4 l)) with (A * / (2 * A + 2) * spread 4 l) by ring.
  replace (spread 4 l / 2) with (1 / 2 * spread 4 l) by field; apply Rmult_le_compat_r; nra. }
assert (PV' : 0 <= V) by nra.
split; [nra|intros k Hk; apply Rle_trans with (1 := B k Hk)].
assert (C * spread 5 l <= (2 * A + 1) * V); [|lra].
assert (C <= A) by (unfold A; lra).
apply Rle_trans with (A * (/ (2 * A + 2) * spread 4 l)); [|nra].
apply Rmult_le_compat; lra || trivial; unfold spread, l; cbn [map sum fold_right].
generalize (Rmult_le_pos _ _ P1 (pow_le _ 5 (rho_pos b1 n1))) (Rmult_le_pos _ _ P2 (pow_le _ 5 (rho_pos b2 n2))); lra.
Qed.

(** * 4. Experts in a cell, and merging *)

Lemma normal_scale m b v n z : 0 < v -> 0 < v + n ->
  sqrt v * normal (sqrt v * z + m) (m + b) (v + n) = normal z (b / sqrt v) (1 + n / v).
Proof.
intros H H'; assert (S : 0 < sqrt v) by now apply sqrt_lt_R0.
assert (E : sqrt v * sqrt v = v) by (apply sqrt_sqrt; lra); unfold normal.
replace (2 * PI * (v + n)) with (v * (2 * PI * (1 + n / v))) by (field; lra).
assert (P : 0 <= 2 * PI * (1 + n / v)).
{ replace (1 + n / v) with ((v + n) * / v) by (field; lra); assert (Q := PI_RGT_0).
  assert (I := Rinv_0_lt_compat v H); apply Rmult_le_pos; [lra|apply Rmult_le_pos; lra]. }
rewrite sqrt_mult by lra; replace (- (sqrt v * z + m - (m + b)) ^ 2 / (2 * (v + n))) with
  (- (z - b / sqrt v) ^ 2 / (2 * (1 + n / v))).
- unfold Rdiv; rewrite (Rinv_mult (sqrt v)).
  replace (sqrt v * (exp (- (z - b * / sqrt v) ^ 2 * / (2 * (1 + n * / v))) * (/ sqrt v * / sqrt (2 * PI * (1 + n * / v)))))
    with (sqrt v * / sqrt v * (exp (- (z - b * / sqrt v) ^ 2 * / (2 * (1 + n * / v))) * / sqrt (2 * PI * (1 + n * / v))))
    by ring; rewrite Rinv_r by lra; ring.
- replace (sqrt v * z + m - (m + b)) with (sqrt v * (z - b / sqrt v)) by (field; lra).
  replace (2 * (v + n)) with (v * (2 * (1 + n / v))) by (field; lra).
  rewrite Rpow_mult_distr; replace (sqrt v ^ 2) with v by (simpl; lra).
  unfold Rdiv; rewrite (Rinv_mult v), Ropp_mult_distr_r.
  replace (v * - (z - b * / sqrt v) ^ 2 * (/ v * / (2 * (1 + n * / v)))) with
    (v * / v * (- (z - b * / sqrt v) ^ 2 * / (2 * (1 + n * / v)))) by ring; rewrite Rinv_r by lra; ring.
Qed.

Lemma two_shares s tau i j x : share s tau [i; j] x i + share s tau [i; j] x j = 1.
Proof.
unfold share; simpl; assert (I := mass_pos s tau x i); assert (J := mass_pos s tau x j); field; lra.
Qed.

Section At_x.
Variables (s : R -> R) (tau : R) (i j e : atom) (x : R).
Hypothesis (Pe : 0 < nu e) (Pi : 0 < nu i) (Pj : 0 < nu j).
Let sd := sqrt (nu e).
Let off k := (mean_at x k - mean_at x e) / sd.
Let off_nu k := (nu k - nu e) / nu e.

Lemma distance_standard : distance s tau i j e x =
  distance_from_standard (share s tau [i; j] x i) (off i) (off_nu i) (share s tau [i; j] x j) (off j) (off_nu j).
Proof.
assert (S : 0 < sd) by (now apply sqrt_lt_R0); unfold distance, distance_from_standard; fold sd.
set (p := share s tau [i; j] x i); set (q := share s tau [i; j] x j).
set (f := fun y => Rabs (density s tau [i; j] x y - expert x y e)).
assert (F : forall y, f y = Rabs (two_normals p (mean_at x i) (nu i) q (mean_at x j) (nu j) y - normal y (mean_at x e) (nu e))).
{ intros y; unfold f; rewrite density_shares; cbn [map sum fold_right]; fold p q; f_equal; unfold two_normals, expert.
  unfold normal_at, key, mean_at; simpl; ring. }
replace (mean_at x e - sd) with (sd * -1 + mean_at x e) by ring; replace (mean_at x e + sd) with (sd * 1 + mean_at x e) by ring.
rewrite <- (RInt_comp_lin f sd (mean_at x e) (-1) 1).
- apply RInt_ext; intros z _; rewrite F; unfold scal; simpl; unfold mult; simpl.
  rewrite <- (Rabs_pos_eq sd) at 1 by lra; rewrite <- Rabs_mult; f_equal; unfold two_normals, off, off_nu, sd.
  rewrite <- (normal_scale (mean_at x e) _ (nu e) (nu i - nu e)) by lra.
  rewrite <- (normal_scale (mean_at x e) _ (nu e) (nu j - nu e)) by lra; fold sd.
  replace (normal z 0 1) with (sd * normal (sd * z + mean_at x e) (mean_at x e) (nu e)).
  + replace (mean_at x e + (mean_at x i - mean_at x e)) with (mean_at x i) by ring.
    replace (mean_at x e + (mean_at x j - mean_at x e)) with (mean_at x j) by ring.
    replace (nu e + (nu i - nu e)) with (nu i) by ring; replace (nu e + (nu j - nu e)) with (nu j) by ring; ring.
  + unfold sd; replace (normal (sqrt (nu e) * z + mean_at x e) (mean_at x e) (nu e)) with
      (normal (sqrt (nu e) * z + mean_at x e) (mean_at x e + 0) (nu e + 0)) by (f_equal; ring).
    unfold sd in S; rewrite normal_scale by lra; f_equal; field; lra.
- apply (@ex_RInt_continuous R_CompleteNormedModule); intros y _.
  apply continuous_ext with (fun y => Rabs (two_normals p (mean_at x i) (nu i) q (mean_at x j) (nu j) y -
    normal y (mean_at x e) (nu e))); [intros; now rewrite F|].
  now apply difference_continuous.
Qed.
End At_x.

(** Both theorems at one x. *)
Lemma at_one_x v : 0 < v -> exists eps C, 0 < eps /\ 0 < C /\
  forall e s tau i j x, nu e = v -> close eps e x i -> close eps e x j ->
  let p := share s tau [i; j] x i in let q := share s tau [i; j] x j in let V := distance s tau i j e x in
  let m k := mean_at x k - mean_at x e in let n k := nu k - nu e in
  p * (Rabs (m i) ^ 4 + Rabs (n i) ^ 2) + q * (Rabs (m j) ^ 4 + Rabs (n j) ^ 2) <= C * V /\
  Rabs (p * m i + q * m j) <= C * V /\ Rabs (p * (m i ^ 2 + n i) + q * (m j ^ 2 + n j)) <= C * V.
Proof.
intros Hv; destruct standard as [eps [C [Peps [PC H]]]]; set (sd := sqrt v); assert (S : 0 < sd) by now apply sqrt_lt_R0.
assert (S2 : sd * sd = v) by (apply sqrt_sqrt; lra).
exists (eps * eps * Rmin sd v / 2), (C * (2 * v ^ 2 + sd + 2 * v)).
assert (M : 0 < Rmin sd v) by (now apply Rmin_glb_lt); assert (PE : 0 < eps * eps) by nra.
assert (V2 : 0 < v ^ 2) by nra.
split; [apply Rdiv_lt_0_compat; nra|split; [apply Rmult_lt_0_compat; lra|]].
intros e s tau i j x Ev [Mi Ni] [Mj Nj] p q V m n.
assert (L1 : eps * eps * Rmin sd v / 2 <= eps * sd).
{ apply Rle_trans with (eps * eps * sd); [|apply Rmult_le_compat_r; nra]; assert (Rmin sd v <= sd) by apply Rmin_l; nra. }
assert (L2 : eps * eps * Rmin sd v / 2 <= eps ^ 2 * v).
{ replace (eps ^ 2) with (eps * eps) by ring; assert (Rmin sd v <= v) by apply Rmin_r; nra. }
assert (L4 : eps * eps * Rmin sd v / 2 < v).
{ assert (Rmin sd v <= v) by apply Rmin_r; assert (eps * eps <= 1) by nra.
  assert (eps * eps * Rmin sd v <= 1 * v) by (apply Rmult_le_compat; lra); lra. }
assert (Pos : forall k, Rabs (nu k - nu e) <= eps * eps * Rmin sd v / 2 -> 0 < nu k).
{ intros k Hk; apply Rabs_le_between in Hk; lra. }
assert (Rho : forall k, Rabs (mean_at x k - mean_at x e) <= eps * eps * Rmin sd v / 2 ->
  Rabs (nu k - nu e) <= eps * eps * Rmin sd v / 2 -> rho (m k / sd) (n k / v) <= eps).
{ intros k Hm Hn; unfold rho; apply Rmax_lub.
  - unfold Rdiv; rewrite Rabs_mult, (Rabs_pos_eq (/ sd)) by (now apply Rlt_le, Rinv_0_lt_compat).
    apply Rmult_le_reg_r with sd; [trivial|]; rewrite Rmult_assoc, Rinv_l by lra; unfold m; lra.
  - rewrite <- (sqrt_pow2 eps) by lra; apply sqrt_le_1_alt.
    unfold Rdiv; rewrite Rabs_mult, (Rabs_pos_eq (/ v)) by (now apply Rlt_le, Rinv_0_lt_compat).
    apply Rmult_le_reg_r with v; [trivial|]; rewrite Rmult_assoc, Rinv_l by lra; unfold n; lra. }
assert (Pp : 0 < p) by (apply share_pos; now left); assert (Pq : 0 < q) by (apply share_pos; right; now left).
destruct (H p (m i / sd) (n i / v) q (m j / sd) (n j / v) (Rlt_le _ _ Pp) (Rlt_le _ _ Pq) (Rho i Mi Ni) (Rho j Mj Nj)) as [H4 Hk].
replace (distance_from_standard p (m i / sd) (n i / v) q (m j / sd) (n j / v)) with V in H4, Hk by
  (unfold V; rewrite distance_standard by (lra || now apply Pos); unfold m, n, sd; rewrite Ev; reflexivity).
assert (PV : 0 <= C * V) by (apply Rle_trans with (2 := Hk 0%nat ltac:(lia)), Rabs_pos).
replace (C * (2 * v ^ 2 + sd + 2 * v) * V) with (C * V * (2 * v ^ 2 + sd + 2 * v)) by ring.
assert (A : forall c, 0 <= c <= 2 * v ^ 2 + sd + 2 * v -> C * V * c <= C * V * (2 * v ^ 2 + sd + 2 * v)) by
  (intros; apply Rmult_le_compat_l; lra).
assert (S4 : sd ^ 4 = v ^ 2) by (rewrite <- S2; ring).
repeat split.
- apply Rle_trans with (C * V * (2 * v ^ 2)); [|apply A; lra].
  assert (G : forall k, Rabs (m k) ^ 4 + Rabs (n k) ^ 2 <= 2 * v ^ 2 * rho (m k / sd) (n k / v) ^ 4).
  { intros k; set (r := rho (m k / sd) (n k / v)); destruct (rho_bounds (m k / sd) (n k / v) r) as [B N]; [apply Rle_refl|].
    assert (R4 : Rabs (m k) ^ 4 <= v ^ 2 * r ^ 4).
    { rewrite <- S4, <- Rpow_mult_distr; apply pow_incr; split; [apply Rabs_pos|].
      replace (m k) with (sd * (m k / sd)) by (field; lra); rewrite Rabs_mult, (Rabs_pos_eq sd) by lra.
      apply Rmult_le_compat_l; lra. }
    assert (R2 : Rabs (n k) ^ 2 <= v ^ 2 * r ^ 4).
    { replace (r ^ 4) with ((r ^ 2) ^ 2) by ring; rewrite <- Rpow_mult_distr; apply pow_incr; split; [apply Rabs_pos|].
      replace (n k) with (v * (n k / v)) by (field; lra); rewrite Rabs_mult, (Rabs_pos_eq v) by lra.
      apply Rmult_le_compat_l; lra. }
    lra. }
  unfold spread in H4; cbn [map sum fold_right] in H4.
  apply Rle_trans with (p * (2 * v ^ 2 * rho (m i / sd) (n i / v) ^ 4) + q * (2 * v ^ 2 * rho (m j / sd) (n j / v) ^ 4)).
  + apply Rplus_le_compat; apply Rmult_le_compat_l; lra || apply G.
  + assert (0 <= 2 * v ^ 2) by lra; nra.
- assert (H1 := Hk 1%nat ltac:(lia)); unfold coefficient, moment_sum in H1; cbn [map sum fold_right] in H1.
  rewrite !moment_scaled in H1 by lia; simpl in H1.
  apply Rle_trans with (C * V * sd); [|apply A; lra].
  replace (p * m i + q * m j) with ((p * (m i / sd / 1) + (q * (m j / sd / 1) + 0)) * sd) by (field; lra).
  rewrite Rabs_mult, (Rabs_pos_eq sd) by lra; apply Rmult_le_compat_r; lra.
- assert (H2 := Hk 2%nat ltac:(lia)); unfold coefficient, moment_sum in H2; cbn [map sum fold_right] in H2.
  rewrite !moment_scaled in H2 by lia; unfold scaled in H2; replace (INR (fact 2)) with 2 in H2 by (simpl; ring).
  apply Rle_trans with (C * V * (2 * v)); [|apply A; lra].
  match type of H2 with Rabs ?t <= _ => replace (p * (m i ^ 2 + n i) + q * (m j ^ 2 + n j)) with (t * (2 * v)) end.
  + rewrite Rabs_mult, (Rabs_pos_eq (2 * v)) by lra; apply Rmult_le_compat_r; lra.
  + rewrite <- S2; field; lra.
Qed.

Theorem experts_pointwise : experts_at_x.
Proof.
intros v Hv; destruct (at_one_x v Hv) as [eps [C [Pe [_ H]]]]; exists eps, C; split; [trivial|].
intros e s tau i j x Ev Hi Hj; now apply H.
Qed.

Lemma near_close eps e x X i : Rabs x <= X -> near (eps / (1 + X)) e i -> close eps e x i.
Proof.
intros HX [A [B N]]; assert (P := Rabs_pos x); set (d := eps / (1 + X)) in *.
assert (E : eps = d * X + d) by (unfold d; field; lra); assert (0 <= d) by (exact (Rle_trans _ _ _ (Rabs_pos _) N)).
unfold close, mean_at; split.
- replace (slope i * x + shift i - (slope e * x + shift e)) with ((slope i - slope e) * x + (shift i - shift e)) by ring.
  rewrite E; apply abs_plus; [now apply abs_mult|trivial].
- rewrite E; assert (0 <= d * X) by (apply Rmult_le_pos; lra); lra.
Qed.

Lemma fourth_powers u v : (u + v) ^ 4 <= 8 * u ^ 4 + 8 * v ^ 4.
Proof.
assert (0 <= (u ^ 2 - v ^ 2) ^ 2) by apply pow2_ge_0.
assert (0 <= (u - v) ^ 2 * (u ^ 2 + v ^ 2)) by (apply Rmult_le_pos; nra); nra.
Qed.

Lemma even_abs u : Rabs u ^ 4 = u ^ 4.
Proof. replace (Rabs u ^ 4) with ((Rabs u ^ 2) ^ 2) by ring; rewrite pow2_abs; ring. Qed.

Theorem experts : experts_of_two.
Proof.
intros e x x' He Hx; destruct (at_one_x (nu e) He) as [eps [C [Pe [PC H]]]].
set (X := Rabs x + Rabs x'); assert (PX : 0 <= X) by (unfold X; generalize (Rabs_pos x) (Rabs_pos x'); lra).
set (c := 8 / (x' - x) ^ 4); set (k := c + 8 * x ^ 4 * c + 9).
assert (P4 : 0 < (x' - x) ^ 4).
{ replace ((x' - x) ^ 4) with (((x' - x) ^ 2) ^ 2) by ring; apply pow_lt; rewrite <- Rsqr_pow2; apply Rsqr_pos_lt; lra. }
assert (Pc : 0 < c) by (apply Rdiv_lt_0_compat; lra).
assert (Pk : 9 <= k) by (unfold k; assert (0 <= 8 * x ^ 4 * c) by (apply Rmult_le_pos; [generalize (pow4_pos x)|]; lra); lra).
exists (eps / (1 + X)), (k * C); split; [apply Rdiv_lt_0_compat; lra|]; intros s tau i j Ni Nj p error.
assert (Cl : forall n, near (eps / (1 + X)) e n -> close eps e x n /\ close eps e x' n).
{ intros n N; split; apply near_close with X; trivial; unfold X; generalize (Rabs_pos x) (Rabs_pos x'); lra. }
destruct (Cl i Ni) as [Ci Ci']; destruct (Cl j Nj) as [Cj Cj'].
destruct (H e s tau i j x eq_refl Ci Cj) as [H0 _]; destruct (H e s tau i j x' eq_refl Ci' Cj') as [H0' _]; cbv zeta in H0, H0'.
assert (G : forall n, In n [i; j] -> p n * error n <= k * (share s tau [i; j] x n *
  (Rabs (mean_at x n - mean_at x e) ^ 4 + Rabs (nu n - nu e) ^ 2)) + k * (share s tau [i; j] x' n *
  (Rabs (mean_at x' n - mean_at x' e) ^ 4 + Rabs (nu n - nu e) ^ 2))).
{ intros n Hn; set (P := share s tau [i; j] x n); set (P' := share s tau [i; j] x' n).
  assert (0 < P) by (now apply share_pos); assert (0 < P') by (now apply share_pos).
  assert (Q : 0 < p n) by (now apply Rmin_glb_lt); assert (Q1 : p n <= P) by apply Rmin_l; assert (Q2 : p n <= P') by apply Rmin_r.
  unfold error; rewrite !even_abs; set (u := mean_at x n - mean_at x e); set (u' := mean_at x' n - mean_at x' e).
  set (w := Rabs (nu n - nu e) ^ 2); assert (W : 0 <= w) by (apply pow_le, Rabs_pos).
  set (da := slope n - slope e); assert (Ea : da = (u' + - u) / (x' - x)) by (unfold da, u, u', mean_at; field; lra).
  replace (shift n - shift e) with (u + - (da * x)) by (unfold da, u, mean_at; ring).
  assert (U := pow4_pos u); assert (U' := pow4_pos u').
  assert (Da : da ^ 4 <= c * (u ^ 4 + u' ^ 4)).
  { rewrite Ea; unfold Rdiv; rewrite Rpow_mult_distr, pow_inv; fold ((u' + - u) ^ 4 / (x' - x) ^ 4).
    apply Rmult_le_reg_r with ((x' - x) ^ 4); [trivial|]; unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra.
    replace (c * (u ^ 4 + u' ^ 4) * (x' - x) ^ 4) with (8 * (u ^ 4 + u' ^ 4)) by (unfold c; field; lra).
    generalize (fourth_powers u' (- u)); replace ((- u) ^ 4) with (u ^ 4) by ring; lra. }
  assert (Db : (u + - (da * x)) ^ 4 <= 8 * u ^ 4 + 8 * x ^ 4 * (c * (u ^ 4 + u' ^ 4))).
  { apply Rle_trans with (1 := fourth_powers _ _); replace ((- (da * x)) ^ 4) with (x ^ 4 * da ^ 4) by ring.
    assert (x ^ 4 * da ^ 4 <= x ^ 4 * (c * (u ^ 4 + u' ^ 4))) by (apply Rmult_le_compat_l; [apply pow4_pos|trivial]); lra. }
  apply Rle_trans with (p n * (k * (u ^ 4 + u' ^ 4 + w))).
  - apply Rmult_le_compat_l; [lra|]; assert (w <= k * w) by nra; unfold k at 1; unfold k in *; lra.
  - replace (p n * (k * (u ^ 4 + u' ^ 4 + w))) with (k * (p n * (u ^ 4 + w)) + k * (p n * u' ^ 4)) by ring.
    apply Rplus_le_compat; apply Rmult_le_compat_l; try lra; apply Rmult_le_compat; lra. }
apply Rle_trans with (k * (C * distance s tau i j e x) + k * (C * distance s tau i j e x')); [|lra].
generalize (G i ltac:(now left)) (G j ltac:(right; now left)) (Rmult_le_compat_l k _ _ ltac:(lra) H0)
  (Rmult_le_compat_l k _ _ ltac:(lra) H0'); lra.
Qed.

(** ** Merging *)

Theorem merging_by_moments : merging_identity.
Proof.
intros l w Hw m.
assert (M1 : sum (map (fun '(p, b, nu) => p * b) l) = moment_sum 1 l).
{ unfold moment_sum; f_equal; apply map_ext; intros [[p b] n]; rewrite moment_scaled by lia; simpl; field. }
assert (M2 : sum (map (fun '(p, b, nu) => p * (nu + b ^ 2)) l) = 2 * moment_sum 2 l).
{ unfold moment_sum; induction l as [|[[p b] n] l IH]; cbn [map sum fold_right]; [ring|].
  assert (E : forall l, sum (map (fun '(p, b, nu) => p * (nu + b ^ 2)) l) =
    2 * sum (map (fun '(p, b, nu) => p * moment 2 b (nu / 2)) l)); [|unfold sum in E; rewrite E].
  { clear; intros l; induction l as [|[[p b] n] l IH]; simpl; [ring|]; simpl in IH; rewrite IH.
    rewrite moment_scaled by lia; simpl; field. }
  rewrite moment_scaled by lia; simpl; field. }
assert (V : forall m, sum (map (fun '(p, b, nu) => p * (nu + (b - m) ^ 2)) l) =
  sum (map (fun '(p, b, nu) => p * (nu + b ^ 2)) l) - 2 * m * sum (map (fun '(p, b, nu) => p * b) l) + m ^ 2 * w).
{ intros t; unfold w; clear; induction l as [|[[p b] n] l IH]; simpl; [ring|]; simpl in IH; rewrite IH; ring. }
split; [unfold m; now rewrite M1|rewrite V, M2; unfold m; rewrite M1; field; trivial].
Qed.

Theorem merging_pointwise : merging_at_x.
Proof.
intros v Hv; destruct (at_one_x v Hv) as [eps [C [Pe [PC H]]]]; exists (Rmin eps 1), (3 * C); split; [apply Rmin_glb_lt; lra|].
intros e s tau i j x Ev Hi Hj.
assert (Cl : forall n, close (Rmin eps 1) e x n -> close eps e x n /\ Rabs (mean_at x n - mean_at x e) <= 1).
{ intros n [A B]; assert (Rmin eps 1 <= eps) by apply Rmin_l; assert (Rmin eps 1 <= 1) by apply Rmin_r.
  repeat split; lra. }
destruct (Cl i Hi) as [Ci Bi]; destruct (Cl j Hj) as [Cj Bj].
destruct (H e s tau i j x Ev Ci Cj) as [_ [H1 H2]]; cbv zeta in H1, H2; clear H.
unfold merged_variance, merged_mean; assert (T := two_shares s tau i j x).
assert (P : 0 < share s tau [i; j] x i) by (apply share_pos; now left);
  assert (Q : 0 < share s tau [i; j] x j) by (apply share_pos; right; now left).
set (p := share s tau [i; j] x i) in *; set (q := share s tau [i; j] x j) in *; set (V := distance s tau i j e x) in *.
set (mi := mean_at x i) in *; set (mj := mean_at x j) in *; set (mu := mean_at x e) in *.
set (d := p * (mi - mu) + q * (mj - mu)) in *.
replace (p * mi + q * mj - mu) with d by (unfold d; replace q with (1 - p) by lra; ring).
replace (p * (nu i + (mi - (p * mi + q * mj)) ^ 2) + q * (nu j + (mj - (p * mi + q * mj)) ^ 2) - nu e) with
  (p * ((mi - mu) ^ 2 + (nu i - nu e)) + q * ((mj - mu) ^ 2 + (nu j - nu e)) - d * d) by
  (unfold d; replace q with (1 - p) by lra; ring).
assert (D : Rabs d <= 1).
{ unfold d; apply Rle_trans with (p * 1 + q * 1); [|lra].
  apply abs_plus; apply abs_mult; trivial; apply abs_number; lra. }
assert (DD : Rabs (d * d) <= C * V).
{ rewrite Rabs_mult; apply Rle_trans with (Rabs d * 1); [apply Rmult_le_compat_l; [apply Rabs_pos|trivial]|lra]. }
assert (S := abs_minus _ _ _ _ H2 DD); lra.
Qed.

Theorem merging : merging_of_two.
Proof.
intros e x x' He Hx; destruct (merging_pointwise (nu e) He) as [eps [C [Pe H]]].
set (X := Rabs x + Rabs x'); assert (PX : 0 <= X) by (unfold X; generalize (Rabs_pos x) (Rabs_pos x'); lra).
set (k := 1 + (1 + Rabs x) / Rabs (x' - x)); assert (Ph : 0 < Rabs (x' - x)) by (apply Rabs_pos_lt; lra).
exists (eps / (1 + X)), (k * C); split; [apply Rdiv_lt_0_compat; lra|]; intros s tau i j Ni Nj a b.
assert (Cl : forall n, near (eps / (1 + X)) e n -> close eps e x n /\ close eps e x' n).
{ intros n N; split; apply near_close with X; trivial; unfold X; generalize (Rabs_pos x) (Rabs_pos x'); lra. }
destruct (Cl i Ni) as [Ci Ci']; destruct (Cl j Nj) as [Cj Cj'].
assert (H0 := H e s tau i j x eq_refl Ci Cj); assert (H0' := H e s tau i j x' eq_refl Ci' Cj').
set (V := distance s tau i j e x) in *; set (V' := distance s tau i j e x') in *.
set (u := merged_mean s tau i j x - mean_at x e) in *; set (u' := merged_mean s tau i j x' - mean_at x' e) in *.
assert (U : Rabs u + Rabs u' <= C * (V + V')).
{ generalize (Rabs_pos (merged_variance s tau i j x - nu e)) (Rabs_pos (merged_variance s tau i j x' - nu e)); lra. }
assert (Ea : a - slope e = (u' - u) / (x' - x)) by (unfold a, u, u', mean_at; field; lra).
assert (Eb : b - shift e = u - (a - slope e) * x) by (unfold b, u, mean_at; ring).
assert (A : Rabs (a - slope e) <= (Rabs u + Rabs u') / Rabs (x' - x)).
{ rewrite Ea; unfold Rdiv; rewrite Rabs_mult, Rabs_inv; apply Rmult_le_compat_r; [now apply Rlt_le, Rinv_0_lt_compat|].
  rewrite Rplus_comm; apply abs_minus; apply Rle_refl. }
assert (B : Rabs (b - shift e) <= Rabs u + (Rabs u + Rabs u') / Rabs (x' - x) * Rabs x).
{ rewrite Eb; apply abs_minus; [apply Rle_refl|apply abs_mult; [exact A|apply Rle_refl]]. }
apply Rle_trans with (k * (Rabs u + Rabs u')).
- apply Rle_trans with ((Rabs u + Rabs u') / Rabs (x' - x) + (Rabs u + (Rabs u + Rabs u') / Rabs (x' - x) * Rabs x)); [lra|].
  replace (k * (Rabs u + Rabs u')) with ((Rabs u + Rabs u') + (Rabs u + Rabs u') / Rabs (x' - x) +
    (Rabs u + Rabs u') / Rabs (x' - x) * Rabs x) by (unfold k; field; lra).
  generalize (Rabs_pos u'); lra.
- rewrite Rmult_assoc; apply Rmult_le_compat_l; [|trivial].
  assert (0 <= (1 + Rabs x) / Rabs (x' - x)) by (apply Rlt_le, Rdiv_lt_0_compat; [generalize (Rabs_pos x); lra|trivial]).
  unfold k; lra.
Qed.

(** ** The split of Gauss and Hermite *)

Definition split_atom (t : R) : atom := Atom 0 0 0 t (1 - t ^ 2).
Definition standard_atom : atom := Atom 0 0 0 0 1.

Lemma split_shares t x : let l := [split_atom t; split_atom (- t)] in
  share (fun z => z) 1 l x (split_atom t) = 1 / 2 /\ share (fun z => z) 1 l x (split_atom (- t)) = 1 / 2.
Proof.
assert (M : forall r, mass (fun z => z) 1 x (split_atom r) = 1).
{ intros r; unfold mass, split_atom; simpl; transitivity (exp 0); [f_equal; field|apply exp_0]. }
unfold share; cbn [map sum fold_right]; rewrite !M; lra.
Qed.

Lemma split_distance : exists C, 0 < C /\ forall t, 0 < t <= 1 / 2 ->
  0 <= distance (fun z => z) 1 (split_atom t) (split_atom (- t)) standard_atom 0 <= C * t ^ 4.
Proof.
destruct normal_taylor as [K [PK T]]; assert (P := PI_RGT_0).
assert (S : 0 < sqrt (2 * PI)) by (apply sqrt_lt_R0; lra); set (F := / sqrt (2 * PI)).
assert (PF : 0 < F) by (now apply Rinv_0_lt_compat).
exists (2 * (F * (1 + K))); split; [apply Rmult_lt_0_compat; [lra|apply Rmult_lt_0_compat; lra]|]; intros t Ht.
assert (T2 : t ^ 2 <= 1 / 4) by nra; assert (T2' : 0 < t ^ 2) by nra.
destruct (split_shares t 0) as [S1 S2]; cbv zeta in S1, S2.
rewrite distance_standard; simpl; try lra; rewrite S1, S2; unfold mean_at; simpl; rewrite sqrt_1.
destruct (nodes_facts t ltac:(lra)) as [_ [R1 [R2 [Z Z4]]]].
unfold distance_from_standard.
replace ((0 * 0 + t - (0 * 0 + 0)) / 1) with t by field; replace ((0 * 0 + - t - (0 * 0 + 0)) / 1) with (- t) by field.
replace ((1 - t * (t * 1) - 1) / 1) with (- t ^ 2) by field; replace ((1 - - t * (- t * 1) - 1) / 1) with (- t ^ 2) by field.
set (d := fun y => Rabs (two_normals (1 / 2) t (1 + - t ^ 2) (1 / 2) (- t) (1 + - t ^ 2) y - normal y 0 1)).
assert (Id : is_RInt d (-1) 1 (RInt d (-1) 1)).
{ apply (@RInt_correct R_CompleteNormedModule), (@ex_RInt_continuous R_CompleteNormedModule).
  intros; apply difference_continuous; lra. }
assert (Ic : is_RInt (fun _ => F * (1 + K) * t ^ 4) (-1) 1 (2 * (F * (1 + K)) * t ^ 4)).
{ replace (2 * (F * (1 + K)) * t ^ 4) with ((1 - -1) * (F * (1 + K) * t ^ 4)) by ring; apply @is_RInt_const. }
split; [apply (is_RInt_ge_0 d (-1) 1); trivial; [lra|intros; apply Rabs_pos]|].
apply (is_RInt_le d _ (-1) 1 _ _ ltac:(lra) Id Ic); intros y Hy; unfold d, two_normals.
assert (Y : Rabs y <= 1) by (apply Rabs_le; lra).
destruct (T t (- t ^ 2) y ltac:(lra) Y) as [e1 [E1 B1]]; destruct (T (- t) (- t ^ 2) y ltac:(lra) Y) as [e2 [E2 B2]].
rewrite R1 in B1; rewrite R2 in B2; rewrite E1, E2.
assert (N : 0 <= normal y 0 1 <= F).
{ unfold normal, F; replace (2 * PI * 1) with (2 * PI) by ring; split.
  - apply Rmult_le_pos; [apply Rlt_le, exp_pos|now apply Rlt_le, Rinv_0_lt_compat].
  - unfold Rdiv; rewrite <- (Rmult_1_l (/ sqrt (2 * PI))) at 2; apply Rmult_le_compat_r; [apply Rlt_le, PF|].
    set (z := - (y - 0) ^ 2 * / (2 * 1)); apply Rle_trans with (exp 0); [|rewrite exp_0; lra].
    assert (z <= 0) by (replace z with (- (y ^ 2 / 2)) by (unfold z; field); generalize (pow2_ge_0 y); lra).
    destruct (Req_dec z 0) as [-> | Nz]; [lra|apply Rlt_le, exp_increasing; lra]. }
replace (1 / 2 * (normal y 0 1 * (1 + taylor t (- t ^ 2) y + e1)) + 1 / 2 * (normal y 0 1 * (1 + taylor (- t) (- t ^ 2) y + e2)) -
  normal y 0 1) with (normal y 0 1 * (- t ^ 4 / 12 * He 4 y + (1 / 2 * e1 + 1 / 2 * e2))).
- rewrite (Rmult_assoc F); apply Rle_trans with (F * ((1 + K) * t ^ 4)); [|lra].
  apply abs_mult; [rewrite Rabs_pos_eq; lra|].
  assert (P4 : 0 < t ^ 4) by (apply pow_lt; lra); assert (P5 : t ^ 5 <= t ^ 4) by (replace (t ^ 5) with (t * t ^ 4) by ring; nra).
  assert (B : Rabs (1 / 2 * e1 + 1 / 2 * e2) <= K * t ^ 5).
  { replace (K * t ^ 5) with (1 / 2 * (K * t ^ 5) + 1 / 2 * (K * t ^ 5)) by field.
    apply abs_plus; apply abs_mult; trivial; apply abs_number; lra. }
  assert (H4 : Rabs (He 4 y) <= 10) by (unfold He; at_most; lra).
  assert (A : Rabs (- t ^ 4 / 12) <= t ^ 4 / 12) by (rewrite Rabs_left; lra).
  eapply Rle_trans; [apply abs_plus; [apply abs_mult; eassumption|exact B]|].
  assert (K * t ^ 5 <= K * t ^ 4) by (apply Rmult_le_compat_l; lra); lra.
- unfold taylor; rewrite !moment_scaled by lia; simpl; field.
Qed.

(** No bound by C t^4 of t^2 and t^3. *)
Lemma too_large eps C K n : 0 < eps -> 0 < K -> (n <= 3)%nat -> exists t, 0 < t <= 1 / 2 /\ t <= eps /\ t ^ 2 <= eps /\ C * (K * t ^ 4) < t ^ n / 2.
Proof.
intros Pe PK Hn; set (A := Rabs C * K); assert (PA : 0 <= A) by (apply Rmult_le_pos; [apply Rabs_pos|lra]).
set (t := Rmin (Rmin (1 / 2) eps) (/ (2 * A + 1) / 2)).
assert (I : 0 < / (2 * A + 1)) by (apply Rinv_0_lt_compat; lra).
assert (P : 0 < t) by (repeat apply Rmin_glb_lt; lra).
assert (T1 : t <= 1 / 2) by (unfold t; apply Rle_trans with (1 := Rmin_l _ _), Rmin_l).
assert (T2 : t <= eps) by (unfold t; apply Rle_trans with (1 := Rmin_l _ _), Rmin_r).
assert (T3 : t <= / (2 * A + 1) / 2) by apply Rmin_r.
exists t; repeat split; trivial; [nra|].
assert (Pn : 0 < t ^ n) by (now apply pow_lt).
assert (E : t ^ 4 <= t * t ^ n).
{ assert (Q : t ^ (3 - n) <= 1) by (rewrite <- (pow1 (3 - n)); apply pow_incr; lra).
  replace (t ^ 4) with (t ^ n * (t * t ^ (3 - n))); [rewrite (Rmult_comm t (t ^ n)); apply Rmult_le_compat_l; [lra|nra]|].
  rewrite (tech_pow_Rmult t (3 - n)), <- pow_add; f_equal; lia. }
assert (J : (2 * A + 1) * / (2 * A + 1) = 1) by (field; lra).
assert (L : C * (K * t ^ 4) <= A * (t * t ^ n)).
{ apply Rle_trans with (A * t ^ 4); [|now apply Rmult_le_compat_l].
  unfold A; rewrite <- Rmult_assoc; apply Rmult_le_compat_r; [generalize (pow4_pos t); lra|].
  apply Rmult_le_compat_r; [lra|apply Rle_abs]. }
apply Rle_lt_trans with (1 := L); assert (A * t < 1 / 2) by nra; nra.
Qed.

Lemma split_close eps t : 0 < t -> t <= eps -> t ^ 2 <= eps -> close eps standard_atom 0 (split_atom t) /\
  close eps standard_atom 0 (split_atom (- t)).
Proof.
intros P H K; unfold close, mean_at; cbn [slope shift nu split_atom standard_atom].
repeat split; apply Rabs_le; try lra; replace ((- t) ^ 2) with (t ^ 2) by ring; assert (0 <= t ^ 2) by (apply pow2_ge_0); lra.
Qed.

Lemma sharp n power : (n <= 3)%nat -> (forall t, 0 < t -> power (split_atom t) standard_atom = t ^ n) -> too_small power.
Proof.
intros Hn Ep [eps [C [Pe H]]]; destruct split_distance as [K [PK D]]; assert (C0 : 0 <= Rabs C) by apply Rabs_pos.
destruct (too_large eps (Rabs C) K n Pe PK Hn) as [t [Ht [T1 [T2 L]]]].
destruct (split_close eps t ltac:(lra) T1 T2) as [Ci Cj]; destruct (split_shares t 0) as [S1 _].
assert (B := H standard_atom (fun z => z) 1 (split_atom t) (split_atom (- t)) 0 eq_refl Ci Cj).
rewrite S1, Ep in B by lra; specialize (D t Ht).
set (V := distance (fun z => z) 1 (split_atom t) (split_atom (- t)) standard_atom 0) in *.
apply Rlt_not_le with (1 := L); apply Rle_trans with (C * V); [lra|].
apply Rle_trans with (Rabs C * V); [apply Rmult_le_compat_r; [lra|apply Rle_abs]|apply Rmult_le_compat_l; lra].
Qed.

Theorem both_sharp : exponents_sharp.
Proof.
split; [apply (sharp 3)|apply (sharp 2)]; try lia; intros t Ht; unfold split_atom, standard_atom; cbn [shift nu].
- rewrite Rminus_0_r, Rabs_pos_eq; lra.
- replace (1 - t ^ 2 - 1) with (- t ^ 2) by ring; rewrite Rabs_Ropp, pow_1, Rabs_pos_eq; [trivial|apply pow2_ge_0].
Qed.

Theorem plain_mean : plain_mean_fails.
Proof.
intros [eps [C [Pe H]]]; destruct split_distance as [K [PK D]].
destruct (too_large eps (Rabs C) K 2 Pe PK ltac:(lia)) as [t [Ht [T1 [T2 L]]]].
destruct (split_close eps t ltac:(lra) T1 T2) as [Ci Cj]; destruct (split_shares t 0) as [S1 S2].
assert (B := H standard_atom (fun z => z) 1 (split_atom t) (split_atom (- t)) 0 eq_refl Ci Cj).
rewrite S1, S2 in B; specialize (D t Ht).
set (V := distance (fun z => z) 1 (split_atom t) (split_atom (- t)) standard_atom 0) in *.
unfold split_atom, standard_atom in B; cbn [nu] in B.
replace (1 / 2 * (1 - t ^ 2) + 1 / 2 * (1 - (- t) ^ 2) - 1) with (- t ^ 2) in B by field.
rewrite Rabs_Ropp, Rabs_pos_eq in B by apply pow2_ge_0.
assert (0 < t ^ 2) by (apply pow_lt; lra).
apply Rlt_not_le with (1 := L); apply Rle_trans with (C * V); [lra|].
apply Rle_trans with (Rabs C * V); [apply Rmult_le_compat_r; [lra|apply Rle_abs]|apply Rmult_le_compat_l; [apply Rabs_pos|lra]].
Qed.

Definition everything := (experts_pointwise, experts, both_sharp, merging_by_moments, merging_pointwise, merging, plain_mean).
Print Assumptions everything.
