(** Experts: atoms in cells of at most two near the true ones, at what distance their density is, and what their merging
    keeps (d = 1; theory 4.2.2 and 4.4.1).

    Part 1 says what is proved; the other parts prove it, and their theorems are those statements. *)

From Coquelicot Require Import Coquelicot.
From Coq Require Import Reals List Lra Lia Factorial.
From Temperance Require Import Temperance Mixtures Twins Scores Cells.
Import ListNotations.
Open Scope R_scope.

(** * 1. Statements *)

Definition mean_at (x : R) (i : atom) : R := slope i * x + shift i.
Definition close (eps : R) (x : R) (e i : atom) : Prop :=
  Rabs (mean_at x i - mean_at x e) <= eps /\ Rabs (nu i - nu e) <= eps.
Definition near (eps : R) (e i : atom) : Prop :=
  Rabs (slope i - slope e) <= eps /\ Rabs (shift i - shift e) <= eps /\ Rabs (nu i - nu e) <= eps.

(** For every true atom a cell of at most two atoms, all of them near it, whatever their gates are. *)
Definition cells_of (P : atom -> atom -> Prop) (es : list atom) (cells : list (list atom)) : Prop :=
  Forall2 (fun e cell => (length cell <= 2)%nat /\ Forall (P e) cell) es cells.

(** No two true atoms have one mean and one variance at x. *)
Definition distinct_at (es : list atom) (x : R) : Prop := Forall (fun e => 0 < nu e) es /\ NoDup (map (key x) es).

(** Between two densities of y given x, over - A <= y <= A: at most that over all y. *)
Definition distance A s tau atoms s0 tau0 es x : R :=
  RInt (fun y => Rabs (density s tau atoms x y - density s0 tau0 es x y)) (- A) A.

(** ** The theorem on experts, for cells of two *)

(** The probability, the offset of the mean and that of nu, of all atoms of the cell of e. *)
Definition offsets s tau atoms x (e : atom) (cell : list atom) : list (R * R * R) :=
  map (fun i => (share s tau atoms x i, mean_at x i - mean_at x e, nu i - nu e)) cell.

(** At one x the total probability and the moment sums of a cell have the order 1, the mean the order 4, nu 2; *)
Definition experts_at_x : Prop := forall s0 tau0 es x, distinct_at es x -> exists eps C A, 0 < eps /\ 0 < C /\
  forall s tau cells, cells_of (close eps x) es cells -> forall e cell, In (e, cell) (combine es cells) ->
  let V := distance A s tau (concat cells) s0 tau0 es x in let l := offsets s tau (concat cells) x e cell in
  Rabs (sum (map (share s tau (concat cells) x) cell) - share s0 tau0 es x e) <= C * V /\ spread 4 l <= C * V /\
  forall j, (1 <= j <= 4)%nat -> Rabs (moment_sum j l) <= C * V.
(** from two x, a and b have the order 4. *)
Definition experts_at_two_x : Prop := forall s0 tau0 es x x', x <> x' -> distinct_at es x -> distinct_at es x' ->
  exists eps C A A', 0 < eps /\ forall s tau cells, cells_of (near eps) es cells ->
  forall e cell i, In (e, cell) (combine es cells) -> In i cell ->
  Rmin (share s tau (concat cells) x i) (share s tau (concat cells) x' i) *
    (Rabs (slope i - slope e) ^ 4 + Rabs (shift i - shift e) ^ 4 + Rabs (nu i - nu e) ^ 2) <=
  C * (distance A s tau (concat cells) s0 tau0 es x + distance A' s tau (concat cells) s0 tau0 es x').

(** The exponents 3 of the mean and 1 of nu are too small, for one true atom. *)
Definition standard_atom : atom := Atom 0 0 0 0 1.
Definition too_small (f : (atom -> R) -> atom -> atom -> R) : Prop := ~ exists eps C A, 0 < eps /\ 0 < A /\
  forall s tau i j, close eps 0 standard_atom i -> close eps 0 standard_atom j ->
  f (share s tau [i; j] 0) i j <= C * distance A s tau [i; j] (fun z => z) 1 [standard_atom] 0.
Definition exponents_sharp : Prop :=
  too_small (fun p i j => p i * Rabs (shift i) ^ 3) /\ too_small (fun p i j => p i * Rabs (nu i - 1) ^ 1).

(** ** The merging theorem *)

(** The mean and the variance of any number of atoms (p, b, nu), in terms of the moment sums. *)
Definition merging_identity : Prop := forall l : list (R * R * R), let w := sum (map (fun '(p, b, nu) => p) l) in w <> 0 ->
  let m := sum (map (fun '(p, b, nu) => p * b) l) / w in
  m = moment_sum 1 l / w /\
  sum (map (fun '(p, b, nu) => p * (nu + (b - m) ^ 2)) l) / w = 2 * moment_sum 2 l / w - (moment_sum 1 l / w) ^ 2.

(** Of the atoms of a cell at x. *)
Definition cell_mean s tau atoms x (cell : list atom) : R :=
  sum (map (fun i => share s tau atoms x i * mean_at x i) cell) / sum (map (share s tau atoms x) cell).
Definition cell_variance s tau atoms x (cell : list atom) : R :=
  sum (map (fun i => share s tau atoms x i * (nu i + (mean_at x i - cell_mean s tau atoms x cell) ^ 2)) cell) /
  sum (map (share s tau atoms x) cell).

(** At one x both have the order 1; *)
Definition merging_at_x : Prop := forall s0 tau0 es x, distinct_at es x -> exists eps C A, 0 < eps /\ 0 < C /\
  forall s tau cells, cells_of (close eps x) es cells ->
  forall e cell, In (e, cell) (combine es cells) -> cell <> [] ->
  Rabs (cell_mean s tau (concat cells) x cell - mean_at x e) + Rabs (cell_variance s tau (concat cells) x cell - nu e) <=
  C * distance A s tau (concat cells) s0 tau0 es x.
(** so do a and b of the line through the means at two x. *)
Definition merging_at_two_x : Prop := forall s0 tau0 es x x', x <> x' -> distinct_at es x -> distinct_at es x' ->
  exists eps C A A', 0 < eps /\ forall s tau cells, cells_of (near eps) es cells ->
  forall e cell, In (e, cell) (combine es cells) -> cell <> [] ->
  let m x := cell_mean s tau (concat cells) x cell in
  let a := (m x' - m x) / (x' - x) in let b := m x - a * x in
  Rabs (a - slope e) + Rabs (b - shift e) <=
  C * (distance A s tau (concat cells) s0 tau0 es x + distance A' s tau (concat cells) s0 tau0 es x').

(** The weighted mean of nu has not. *)
Definition plain_mean_fails : Prop := too_small (fun p i j => Rabs (p i * nu i + p j * nu j - 1)).

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

Lemma normal_taylor A : 1 <= A -> exists C, 0 < C /\ forall b n y, A * rho b n <= 1 / 2 -> Rabs y <= A ->
  exists e, normal y b (1 + n) = normal y 0 1 * (1 + taylor b n y + e) /\ Rabs e <= C * rho b n ^ 5.
Proof.
intros HA; exists ((8 * exp 5 + 8 ^ 5 * exp 5 + 1000) * A ^ 5); split.
{ apply Rmult_lt_0_compat; [generalize (exp_pos 5); lra|apply pow_lt; lra]. }
intros b n y H Y; rewrite Rmult_assoc, <- Rpow_mult_distr.
destruct (of_size b n _ eq_refl) as [beta [eta [Eb [En [B N]]]]]; assert (P' := rho_pos b n).
set (r := A * rho b n) in *; set (i := / A); assert (I1 : 0 < i <= 1).
{ split; [apply Rinv_0_lt_compat; lra|rewrite <- Rinv_1; apply Rinv_le_contravar; lra]. }
assert (Er : rho b n = i * r) by (unfold r, i; field; lra); rewrite Er in Eb, En.
set (w := i * y); assert (Ey : y = w / i) by (unfold w; field; lra).
assert (W : Rabs w <= 1).
{ unfold w; rewrite Rabs_mult, (Rabs_pos_eq i) by lra; replace 1 with (i * A) by (unfold i; field; lra).
  apply Rmult_le_compat_l; lra. }
assert (Hi : Rabs i <= 1) by (apply abs_pos; lra).
assert (P : 0 <= r) by (unfold r; apply Rmult_le_pos; lra).
assert (R1 : Rabs r <= 1 / 2) by (apply abs_pos; lra).
assert (R2 : 0 <= r ^ 2 <= 1 / 4) by nra.
assert (Nn : Rabs n <= r ^ 2).
{ rewrite En, Rpow_mult_distr, !Rabs_mult, (Rabs_pos_eq (r ^ 2)), (Rabs_pos_eq (i ^ 2)) by nra.
  assert (0 <= Rabs eta) by apply Rabs_pos; assert (i ^ 2 * Rabs eta <= 1) by nra; assert (0 <= i ^ 2 * Rabs eta) by nra.
  replace (i ^ 2 * r ^ 2 * Rabs eta) with (r ^ 2 * (i ^ 2 * Rabs eta)) by ring; nra. }
assert (Nn' : Rabs n <= 1 / 4) by lra; apply Rabs_le_between in Nn'.
set (th := (n * y ^ 2 + 2 * y * b - b ^ 2) / (2 * (1 + n)) - ln (1 + n) / 2).
set (t1 := w * beta); set (t2 := (eta * w ^ 2 - i ^ 2 * (beta ^ 2 + eta)) / 2); set (t3 := - (i ^ 2 * w * beta * eta));
  set (t4 := i ^ 2 * ((i ^ 2 * beta ^ 2 * eta - eta ^ 2 * w ^ 2) / 2 + i ^ 2 * eta ^ 2 / 4)).
destruct (powers_of_sum r t1 t2 t3 t4) as [T8 T5]; try (unfold t1, t2, t3, t4; at_most; lra); [lra|].
set (t := r * t1 + r ^ 2 * t2 + r ^ 3 * t3 + r ^ 4 * t4) in *.
set (l := ln (1 + n) - (n - n ^ 2 / 2)).
assert (L : Rabs l <= 2 * Rabs n ^ 3) by (apply ln_taylor; lra).
assert (I : 0 < / (1 + n) <= 2).
{ split; [apply Rinv_0_lt_compat; lra|replace 2 with (/ (1 / 2)) by field; apply Rinv_le_contravar; lra]. }
assert (P5 : 0 <= r ^ 5) by (now apply pow_le).
assert (D : Rabs (th - t) <= 8 * r ^ 5).
{ replace (th - t) with (r ^ 5 * (i ^ 4 * eta ^ 2 * / (1 + n) * ((r * eta * w ^ 2 + 2 * w * beta - i ^ 2 * r * beta ^ 2) / 2)) - l / 2).
  - assert (L' : Rabs l <= 2 * r ^ 5).
    { apply Rle_trans with (1 := L); apply Rmult_le_compat_l; [lra|]; apply Rle_trans with ((r ^ 2) ^ 3).
      - apply pow_incr; split; [apply Rabs_pos|trivial].
      - replace ((r ^ 2) ^ 3) with (r ^ 5 * r) by ring; nra. }
    assert (I' : Rabs (/ (1 + n)) <= 2) by (apply abs_pos; lra).
    assert (Rabs (r ^ 5) <= r ^ 5) by (now apply abs_number).
    eapply Rle_trans; [apply abs_minus; [apply abs_mult; [eassumption|size]|size]|lra].
  - unfold th, t, t1, t2, t3, t4, l; rewrite Ey, Eb; field_simplify_eq; [rewrite En; ring|lra]. }
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
  { unfold taylor; rewrite !moment_scaled by lia; rewrite Ey, Eb, En; unfold scaled, He, t1, t2, t3, t4; simpl; field; lra. }
  rewrite Z; replace (exp th - (1 + _)) with ((exp th - exp t) + (exp t - p4 t) + (p4 t - 1 -
    (r * t1 + r ^ 2 * (t2 + t1 ^ 2 / 2) + r ^ 3 * (t3 + t1 * t2 + t1 ^ 3 / 6) +
    r ^ 4 * (t4 + t1 * t3 + t2 ^ 2 / 2 + t1 ^ 2 * t2 / 2 + t1 ^ 4 / 24)))) by ring.
  eapply Rle_trans; [apply abs_plus; [apply abs_plus; [exact X|exact Y5]|]|].
  + apply Rle_trans with (2 := T5), Req_le; apply f_equal; unfold p4; ring.
  + lra.
Qed.

Lemma normal_continuous m v y : 0 < v -> continuous (fun y => normal y m v) y.
Proof.
intros H; apply (ex_derive_continuous (fun y => normal y m v)); destruct (sqrt_square v H).
unfold normal, Rdiv, Rminus; auto_derive; trivial.
Qed.

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

(** * 3. The integral of a combination bounds its coefficients *)

Definition size_of (c : list R) : R := sum (map Rabs c).
Definition combine_at (c : list R) (fs : list (R -> R)) (y : R) : R := dot c (map (fun f => f y) fs).
Definition plus_times (c : list R) (a : R) (l : list R) : list R := map (fun '(u, v) => u + a * v) (combine c l).

Lemma size_pos c : 0 <= size_of c.
Proof. unfold size_of; induction c as [|a c IH]; simpl; [lra|generalize (Rabs_pos a); lra]. Qed.

Lemma size_cons a c : size_of (a :: c) = Rabs a + size_of c.
Proof. reflexivity. Qed.

Lemma dot_size c : forall v, Rabs (dot c v) <= size_of c * size_of v.
Proof.
induction c as [|a c IH]; intros [|x v]; simpl; try (rewrite Rabs_R0; apply Rmult_le_pos; apply size_pos).
unfold size_of in *; simpl; apply Rle_trans with (1 := Rabs_triang _ _); rewrite Rabs_mult.
generalize (IH v) (size_pos c) (size_pos v) (Rabs_pos a) (Rabs_pos x); unfold size_of; intros I P Q P' Q'.
generalize (Rmult_le_pos _ _ P' Q) (Rmult_le_pos _ _ Q' P); lra.
Qed.

Lemma plus_times_length c a l : length l = length c -> length (plus_times c a l) = length c.
Proof. intros E; unfold plus_times; rewrite length_map, length_combine; lia. Qed.

Lemma dot_plus_times c a : forall l v, length l = length c -> dot (plus_times c a l) v = dot c v + a * dot l v.
Proof.
unfold plus_times; induction c as [|u c IH]; intros [|w l] v E; try discriminate; simpl; [ring|].
destruct v as [|x v]; [ring|]; rewrite IH by (now injection E); ring.
Qed.

Lemma size_plus_times c a : forall l, length l = length c -> size_of (plus_times c a l) <= size_of c + Rabs a * size_of l.
Proof.
unfold plus_times, size_of; induction c as [|u c IH]; intros [|w l] E; try discriminate; simpl; [lra|].
generalize (IH l ltac:(now injection E)) (Rabs_triang u (a * w)); rewrite Rabs_mult; lra.
Qed.

(** Points at which a combination of independent functions has values that bound its coefficients. *)
Lemma points_exist fs : independent (fun _ => True) fs -> exists Y K, length Y = length fs /\ 0 <= K /\
  (forall c, length c = length fs -> size_of c <= K * size_of (map (combine_at c fs) Y)) /\
  (forall z, length z = length Y -> exists c, length c = length fs /\ map (combine_at c fs) Y = z).
Proof.
induction fs as [|f fs IH]; intros I.
- exists [], 0; repeat split; try lra.
  + intros [|] E; [unfold size_of; simpl; lra|discriminate].
  + intros [|] E; [now exists []|discriminate].
- destruct IH as [Y [K [LY [PK [B S]]]]].
  { intros c L Z; assert (H := I (0 :: c) ltac:(simpl; congruence)); apply Forall_inv_tail with 0, H.
    intros z T; simpl; generalize (Z z T); intros; lra. }
  destruct (S (map f Y)) as [l [Ll El]]; [now rewrite length_map|].
  assert (G : forall y, In y Y -> f y = combine_at l fs y) by (intros y Hy; symmetry; now apply (ext_in_map El)).
  assert (X : exists y0, f y0 - combine_at l fs y0 <> 0).
  { apply Classical_Pred_Type.not_all_not_ex; intros Z.
    assert (A : all_zero (1 :: map (fun a => - a) l)).
    { apply I; [simpl; rewrite length_map; congruence|]; intros y _; simpl.
      assert (N : dot (map (fun a => - a) l) (Temperance.at_point y fs) = - combine_at l fs y).
      { unfold combine_at, Temperance.at_point; generalize (map (fun f => f y) fs); clear.
        induction l as [|a l IH]; intros [|x v]; simpl; try ring; rewrite IH; ring. }
      rewrite N;
      destruct (Req_dec (f y - combine_at l fs y) 0) as [E | E]; [lra|now destruct (Z y)]. }
    inversion A; lra. }
  destruct X as [y0 N0]; set (g := f y0 - combine_at l fs y0) in *; assert (PG : 0 < Rabs g) by now apply Rabs_pos_lt.
  set (F := size_of (map (fun f => f y0) fs)); set (L := size_of l); set (J := / Rabs g).
  assert (PF : 0 <= F) by apply size_pos; assert (PL : 0 <= L) by apply size_pos; assert (PJ : 0 < J) by now apply Rinv_0_lt_compat.
  exists (y0 :: Y), (K + (1 + L) * (J * (1 + K * F))); split; [simpl; congruence|split; [|split]].
  + assert (0 <= K * F) by (now apply Rmult_le_pos); apply Rplus_le_le_0_compat; [trivial|].
    apply Rmult_le_pos; [lra|apply Rmult_le_pos; lra].
  + intros [|a c] Lc; [discriminate|]; injection Lc as Lc; set (c' := plus_times c a l).
    assert (Lc' : length c' = length c) by (apply plus_times_length; congruence).
    assert (E : forall y, combine_at (a :: c) (f :: fs) y = a * (f y - combine_at l fs y) + combine_at c' fs y).
    { intros y; unfold combine_at, c'; simpl; rewrite dot_plus_times by congruence; ring. }
    assert (EY : map (combine_at (a :: c) (f :: fs)) Y = map (combine_at c' fs) Y).
    { apply map_ext_in; intros y Hy; rewrite E, (G y Hy); ring. }
    assert (B' := B c' ltac:(congruence)); rewrite <- EY in B'.
    cbn [map]; rewrite !size_cons.
    set (S' := size_of (map (combine_at (a :: c) (f :: fs)) Y)) in *; set (v := combine_at (a :: c) (f :: fs) y0) in *.
    assert (PS : 0 <= S') by apply size_pos.
    assert (A : Rabs a <= J * (Rabs v + K * S' * F)).
    { apply Rmult_le_reg_l with (Rabs g); [trivial|]; unfold J; rewrite <- Rmult_assoc, Rinv_r, Rmult_1_l by lra.
      rewrite <- Rabs_mult; replace (g * a) with (v - combine_at c' fs y0) by (unfold v; rewrite E; unfold g; ring).
      apply abs_minus; [apply Rle_refl|]; apply Rle_trans with (1 := dot_size _ _); fold F.
      now apply Rmult_le_compat_r. }
    assert (C : size_of c <= size_of c' + Rabs a * L).
    { replace c with (plus_times c' (- a) l) at 1.
      - apply Rle_trans with (1 := size_plus_times c' (- a) l ltac:(congruence)); rewrite Rabs_Ropp; apply Rle_refl.
      - unfold c', plus_times; clear - Ll Lc; assert (E : length l = length c) by congruence; clear Ll Lc; revert l E.
        induction c as [|u c IH]; intros [|w l] E; try discriminate; simpl; [trivial|]; f_equal; [ring|apply IH; now injection E]. }
    apply Rle_trans with (K * S' + (1 + L) * Rabs a); [lra|].
    assert (U : (1 + L) * Rabs a <= (1 + L) * (J * (Rabs v + K * S' * F))) by (apply Rmult_le_compat_l; lra).
    assert (V : Rabs v + K * S' * F <= (1 + K * F) * (Rabs v + S')).
    { assert (0 <= K * F * Rabs v) by (apply Rmult_le_pos; [now apply Rmult_le_pos|apply Rabs_pos]).
      lra. }
    assert (W : (1 + L) * (J * (Rabs v + K * S' * F)) <= (1 + L) * (J * ((1 + K * F) * (Rabs v + S')))).
    { apply Rmult_le_compat_l; [lra|apply Rmult_le_compat_l; lra]. }
    assert (0 <= K * Rabs v) by (apply Rmult_le_pos; [trivial|apply Rabs_pos]); lra.
  + intros [|z0 z] Lz; [discriminate|]; injection Lz as Lz; destruct (S z Lz) as [c' [Lc' Ec']].
    set (a := (z0 - combine_at c' fs y0) / g); exists (a :: plus_times c' (- a) l).
    assert (E : forall y, combine_at (a :: plus_times c' (- a) l) (f :: fs) y =
      a * (f y - combine_at l fs y) + combine_at c' fs y).
    { intros y; unfold combine_at; simpl; rewrite dot_plus_times by congruence; ring. }
    split; [simpl; rewrite plus_times_length; congruence|]; simpl; f_equal.
    * rewrite E; fold g; unfold a; field; trivial.
    * rewrite <- Ec'; apply map_ext_in; intros y Hy; rewrite E, (G y Hy); ring.
Qed.

Lemma all_near {A : Type} (l : list A) (P : A -> R -> Prop) : (forall a, In a l -> locally 0 (P a)) ->
  locally 0 (fun h => forall a, In a l -> P a h).
Proof.
induction l as [|a l IH]; intros H; [apply filter_forall; now intros|].
generalize (filter_and _ _ (H a (or_introl eq_refl)) (IH (fun b Hb => H b (or_intror Hb)))); apply filter_imp.
intros h [Ha Hl] b [<- | Hb]; auto.
Qed.

Lemma continuous_near f y e : continuous f y -> 0 < e -> locally 0 (fun h => Rabs (f (y + h) - f y) <= e).
Proof.
intros C He; destruct (proj1 (filterlim_locally f (f y)) C (mkposreal e He)) as [d D].
exists d; intros h Hh; assert (B : ball y d (y + h)).
{ unfold ball in *; simpl in *; unfold AbsRing_ball, abs, minus, plus, opp in *; simpl in *.
  replace (y + h + - y) with (h + - 0) by ring; exact Hh. }
apply Rlt_le; exact (D _ B).
Qed.

Lemma change_near fs y : (forall f, In f fs -> continuous f y) -> forall e, 0 < e ->
  locally 0 (fun h => size_of (map (fun f => f (y + h) - f y) fs) <= e).
Proof.
induction fs as [|f fs IH]; intros C e He.
- apply filter_forall; intros h; unfold size_of; simpl; lra.
- assert (E2 : 0 < e / 2) by lra.
  generalize (filter_and _ _ (continuous_near f y _ (C f (or_introl eq_refl)) E2)
    (IH (fun g Hg => C g (or_intror Hg)) _ E2)); apply filter_imp; intros h [A B]; cbn [map]; rewrite size_cons; lra.
Qed.

Lemma combine_continuous fs : forall c y, (forall f, In f fs -> continuous f y) -> continuous (combine_at c fs) y.
Proof.
induction fs as [|f fs IH]; intros [|a c] y C; unfold combine_at; simpl; try apply continuous_const.
apply (continuous_plus (fun y => a * f y) (combine_at c fs)); [|apply IH; intros; apply C; now right].
apply (continuous_mult (fun _ => a) f); [apply continuous_const|apply C; now left].
Qed.

Lemma combine_change c fs y h : Rabs (combine_at c fs y) <=
  Rabs (combine_at c fs (y + h)) + size_of c * size_of (map (fun f => f (y + h) - f y) fs).
Proof.
assert (E : combine_at c fs y = combine_at c fs (y + h) - dot c (map (fun f => f (y + h) - f y) fs)).
{ unfold combine_at; revert fs; induction c as [|a c IH]; intros [|f fs]; simpl; try ring; rewrite IH; ring. }
rewrite E; apply abs_minus; [apply Rle_refl|apply dot_size].
Qed.

Section Integral.
Variable G : R -> R.
Hypothesis (C : forall y, continuous G y) (P : forall y, 0 <= G y).

Lemma integrable a b : ex_RInt G a b.
Proof. apply (@ex_RInt_continuous R_CompleteNormedModule); intros; apply C. Qed.

Lemma integral_inside a b A : a <= b -> - A <= a -> b <= A -> RInt G a b <= RInt G (- A) A.
Proof.
intros H1 H2 H3; rewrite <- (RInt_Chasles G (- A) a A), <- (RInt_Chasles G a b A) by apply integrable.
unfold plus; simpl; assert (0 <= RInt G (- A) a) by (apply RInt_ge_0; trivial; apply integrable).
assert (0 <= RInt G b A) by (apply RInt_ge_0; trivial; apply integrable); lra.
Qed.

(** A bound by the values at shifted points. *)
Lemma integral_of_shifts Y A e s : 0 < e -> (forall y, In y Y -> - A <= y /\ y + e <= A) ->
  (forall h, 0 <= h <= e -> s <= sum (map (fun y => G (y + h)) Y)) ->
  e * s <= INR (length Y) * RInt G (- A) A.
Proof.
intros He B H.
assert (I : is_RInt (fun h => sum (map (fun y => G (y + h)) Y)) 0 e (sum (map (fun y => RInt G y (y + e)) Y))).
{ clear B H; induction Y as [|y Y IH]; simpl.
  - replace 0 with ((e - 0) * 0) at 2 by ring; apply @is_RInt_const.
  - apply @is_RInt_plus; [|exact IH].
    assert (J : is_RInt (fun h => scal 1 (G (1 * h + y))) 0 e (RInt G y (y + e))).
    { apply (is_RInt_comp_lin G 1 y); replace (1 * 0 + y) with y by ring; replace (1 * e + y) with (y + e) by ring.
      apply (@RInt_correct R_CompleteNormedModule), integrable. }
    revert J; apply is_RInt_ext; intros h _; unfold scal; simpl; unfold mult; simpl.
    rewrite !Rmult_1_l; f_equal; ring. }
assert (J : is_RInt (fun _ => s) 0 e ((e - 0) * s)) by apply @is_RInt_const.
assert (L := is_RInt_le _ _ _ _ _ _ (Rlt_le _ _ He) J I (fun h Hh => H h ltac:(lra))); rewrite Rminus_0_r in L.
apply Rle_trans with (1 := L); clear L I J H; induction Y as [|y Y IH]; [simpl; lra|].
change (length (y :: Y)) with (S (length Y)); rewrite S_INR; cbn [map sum fold_right].
assert (Hy := B y (or_introl eq_refl)); assert (Q := integral_inside y (y + e) A ltac:(lra) ltac:(lra) ltac:(lra)).
generalize (IH (fun z Hz => B z (or_intror Hz))); unfold sum; lra.
Qed.
End Integral.

Theorem coefficients_by_integral fs : independent (fun _ => True) fs -> (forall f y, In f fs -> continuous f y) ->
  exists A C, 0 < A /\ 0 < C /\ forall c, length c = length fs ->
  size_of c <= C * RInt (fun y => Rabs (combine_at c fs y)) (- A) A.
Proof.
intros I Cf; destruct (points_exist fs I) as [Y [K [_ [PK [B _]]]]]; set (n := INR (length Y)); assert (Pn : 0 <= n) by apply pos_INR.
assert (PQ : 0 < 2 * (K + 1) * (n + 1)) by (apply Rmult_lt_0_compat; lra).
set (q := / (2 * (K + 1) * (n + 1))); assert (Pq : 0 < q) by (now apply Rinv_0_lt_compat).
destruct (all_near Y (fun y h => size_of (map (fun f => f (y + h) - f y) fs) <= q)) as [d D].
{ intros y _; apply change_near; auto. }
set (e := d / 2); assert (Pd := cond_pos d); assert (Pe : 0 < e) by (unfold e; lra).
set (A := 1 + e + size_of Y); assert (PA : 0 < A) by (unfold A; generalize (size_pos Y); lra).
exists A, (2 * (K + 1) * (n + 1) / e); split; [trivial|split; [now apply Rdiv_lt_0_compat|intros c L]].
set (G := fun y => Rabs (combine_at c fs y)).
assert (CG : forall y, continuous G y).
{ intros y; apply (continuous_comp (combine_at c fs) Rabs); [apply combine_continuous; auto|apply continuous_Rabs]. }
assert (PG : forall y, 0 <= G y) by (intros; apply Rabs_pos); assert (Sc := size_pos c).
assert (Z : e * (size_of c / (2 * (K + 1))) <= n * RInt G (- A) A).
{ apply integral_of_shifts; trivial.
  - intros y Hy; assert (Rabs y <= size_of Y).
    { unfold size_of; clear - Hy; induction Y as [|z Y IH]; [easy|]; simpl; destruct Hy as [-> | Hy].
      - generalize (size_pos Y); unfold size_of; lra.
      - generalize (IH Hy) (Rabs_pos z); lra. }
    assert (Hy' := Rabs_le_between y (size_of Y)); unfold A; destruct Hy' as [Hy' _]; specialize (Hy' H); lra.
  - intros h Hh; assert (Bh : ball 0 d h).
    { unfold ball; simpl; unfold AbsRing_ball, abs, minus, plus, opp; simpl; rewrite Ropp_0, Rplus_0_r, Rabs_pos_eq;
      unfold e in Hh; lra. }
    assert (V : size_of (map (combine_at c fs) Y) <= sum (map (fun y => G (y + h)) Y) + n * (size_of c * q)).
    { assert (W : forall y, In y Y -> Rabs (combine_at c fs y) <= G (y + h) + size_of c * q).
      { intros y Hy; apply Rle_trans with (1 := combine_change c fs y h); unfold G; apply Rplus_le_compat_l.
        apply Rmult_le_compat_l; [trivial|now apply (D h Bh)]. }
      unfold n; clearbody q; clear - W; induction Y as [|y Y IH]; [unfold size_of; simpl; lra|].
      change (length (y :: Y)) with (S (length Y)); rewrite S_INR; cbn [map]; rewrite size_cons.
      generalize (W y (or_introl eq_refl)) (IH (fun z Hz => W z (or_intror Hz))); unfold sum; simpl; lra. }
    specialize (B c L); assert (KV : size_of c <= (K + 1) * (sum (map (fun y => G (y + h)) Y) + n * (size_of c * q))).
    { apply Rle_trans with (1 := B); apply Rmult_le_compat; trivial; [apply size_pos|lra]. }
    assert (Q : (K + 1) * (n * (size_of c * q)) <= size_of c / 2).
    { replace (size_of c / 2) with (size_of c * ((K + 1) * (n + 1) * q)) by (unfold q; field; lra).
      replace ((K + 1) * (n * (size_of c * q))) with (size_of c * ((K + 1) * n * q)) by ring.
      apply Rmult_le_compat_l; [trivial|]; apply Rmult_le_compat_r; [lra|]; apply Rmult_le_compat_l; lra. }
    apply Rmult_le_reg_l with (2 * (K + 1)); [lra|].
    replace (2 * (K + 1) * (size_of c / (2 * (K + 1)))) with (size_of c) by (field; lra); lra. }
assert (N : 0 <= RInt G (- A) A) by (apply RInt_ge_0; [lra|now apply integrable|trivial]).
apply Rmult_le_reg_l with (e / (2 * (K + 1))); [apply Rdiv_lt_0_compat; lra|].
replace (e / (2 * (K + 1)) * size_of c) with (e * (size_of c / (2 * (K + 1)))) by (field; lra).
apply Rle_trans with (1 := Z).
replace (e / (2 * (K + 1)) * (2 * (K + 1) * (n + 1) / e * RInt G (- A) A)) with ((n + 1) * RInt G (- A) A) by (field; lra).
apply Rmult_le_compat_r; lra.
Qed.

(** * 4. The distance bounds the moment sums *)

Definition hermite_sum (c : nat -> R) (y : R) : R :=
  c 0%nat * He 0 y + c 1%nat * He 1 y + c 2%nat * He 2 y + c 3%nat * He 3 y + c 4%nat * He 4 y.

Definition hermite_at (a : R * R) (r : nat) (y : R) : R := He r ((y - fst a) / sqrt (snd a)) * normal_at a y.
Definition basis (l : list (R * R)) : list (R -> R) := flat_map (fun a => map (hermite_at a) [0; 1; 2; 3; 4]%nat) l.

Lemma as_polynomials l : Forall (fun a => 0 < snd a) l -> forall c, length c = length (basis l) ->
  exists P, map snd P = l /\
  (forall y, combine_at c (basis l) y = sum (map (fun '(p, (m, v)) => polynomial p y * normal y m v) P)) /\
  (Forall (fun '(p, _) => all_zero p) P -> all_zero c).
Proof.
induction 1 as [|[m v] l Hv H IH]; intros c L.
- exists []; destruct c; [|discriminate]; repeat split; constructor.
- do 5 (destruct c as [|? c]; [discriminate|]); rename r into c0, r0 into c1, r1 into c2, r2 into c3, r3 into c4.
  change (basis ((m, v) :: l)) with (map (hermite_at (m, v)) [0; 1; 2; 3; 4]%nat ++ basis l) in L.
  rewrite length_app in L; cbn [length map] in L; destruct (IH c) as [P [Pl [PE PZ]]]; [lia|].
  simpl in Hv; assert (S : 0 < sqrt v) by (now apply sqrt_lt_R0); set (i := / sqrt v); assert (Pi : 0 < i) by now apply Rinv_0_lt_compat.
  set (a0 := c0 - c2 + 3 * c4); set (a1 := c1 - 3 * c3); set (a2 := c2 - 6 * c4).
  exists (([a0 - a1 * i * m + a2 * i ^ 2 * m ^ 2 - c3 * i ^ 3 * m ^ 3 + c4 * i ^ 4 * m ^ 4;
    a1 * i - 2 * a2 * i ^ 2 * m + 3 * c3 * i ^ 3 * m ^ 2 - 4 * c4 * i ^ 4 * m ^ 3;
    a2 * i ^ 2 - 3 * c3 * i ^ 3 * m + 6 * c4 * i ^ 4 * m ^ 2; c3 * i ^ 3 - 4 * c4 * i ^ 4 * m; c4 * i ^ 4], (m, v)) :: P).
  split; [simpl; now rewrite Pl|split].
  + intros y; cbn [map sum fold_right]; specialize (PE y); unfold sum in PE; rewrite <- PE.
    unfold combine_at, basis, hermite_at, normal_at, polynomial; simpl; unfold Rdiv; fold i; unfold a0, a1, a2; ring.
  + intros Z; inversion Z as [|? ? Z0 Z1]; subst; clear Z.
    assert (N : forall n x, x * i ^ n = 0 -> x = 0).
    { intros n x E; apply Rmult_integral in E; destruct E as [E | E]; [trivial|]; exfalso; revert E; apply pow_nonzero; lra. }
    unfold all_zero in Z0; rewrite !Forall_cons_iff in Z0; destruct Z0 as [Q0 [Q1 [Q2 [Q3 [Q4 _]]]]].
    assert (Z4 : c4 = 0) by (now apply (N 4%nat)); rewrite Z4 in Q3, Q2, Q1, Q0.
    assert (Z3 : c3 = 0) by (apply (N 3%nat); lra); rewrite Z3 in Q2, Q1, Q0.
    assert (A2 : a2 = 0) by (apply (N 2%nat); lra).
    assert (A1 : a1 = 0) by (apply (N 1%nat); rewrite A2 in Q1; lra).
    rewrite A1, A2 in Q0; unfold a1 in A1; unfold a2 in A2.
    assert (Z2 : c2 = 0) by lra; assert (Z1' : c1 = 0) by lra; assert (E0 : a0 = 0) by lra; unfold a0 in E0.
    assert (Z0 : c0 = 0) by lra.
    repeat (constructor; [trivial|]); now apply PZ.
Qed.

Lemma hermite_independent l : Forall (fun a => 0 < snd a) l -> NoDup l -> independent (fun _ => True) (basis l).
Proof.
intros H N c L Z; destruct (as_polynomials l H c L) as [P [Pl [PE PZ]]]; apply PZ, gaussians.
- apply Forall_forall; intros [p [m v]] I; assert (J := in_map snd _ _ I); rewrite Pl in J.
  exact (proj1 (Forall_forall _ _) H _ J).
- now rewrite Pl.
- intros y; rewrite <- PE; apply (Z y); trivial.
Qed.

Lemma hermite_continuous l f y : Forall (fun a => 0 < snd a) l -> In f (basis l) -> continuous f y.
Proof.
intros H I; apply in_flat_map in I; destruct I as [[m v] [Ia If]]; apply in_map_iff in If; destruct If as [r [<- _]].
assert (Hv := proj1 (Forall_forall _ _) H _ Ia); simpl in Hv; assert (0 < sqrt v) by now apply sqrt_lt_R0.
apply (continuous_mult (fun y => He r ((y - m) / sqrt v)) (fun y => normal y m v)); [|now apply normal_continuous].
apply (ex_derive_continuous (fun y => He r ((y - m) / sqrt v))); unfold He, Rdiv.
destruct r as [|[|[|[|r]]]]; auto_derive; trivial.
Qed.

(** A true atom and what is near it: (weight, (mean, variance), [(weight, offset of the mean, of the variance); ..]). *)
Definition item : Type := R * (R * R) * list (R * R * R).
Definition place (t : item) : R * R := snd (fst t).
Definition scaled_cell (t : item) : list (R * R * R) :=
  map (fun '(p, b, n) => (p, b / sqrt (snd (place t)), n / snd (place t))) (snd t).
Definition part (t : item) (y : R) : R :=
  sum (map (fun '(p, b, n) => p * normal y (fst (place t) + b) (snd (place t) + n)) (snd t)) -
  fst (fst t) * normal_at (place t) y.
Definition weights (l : list (R * R * R)) : R := sum (map (fun '(p, b, n) => p) l).
Definition coefficients (t : item) : list R :=
  [weights (scaled_cell t) - fst (fst t); moment_sum 1 (scaled_cell t); moment_sum 2 (scaled_cell t);
   moment_sum 3 (scaled_cell t); moment_sum 4 (scaled_cell t)].
Definition small (eps : R) (t : item) : Prop :=
  (length (snd t) <= 2)%nat /\ Forall (fun '(p, b, n) => 0 <= p /\ rho b n <= eps) (scaled_cell t).

Lemma uniform_short l K : (length l <= 2)%nat -> in_box l -> 0 <= K ->
  (forall j, (1 <= j <= 4)%nat -> Rabs (moment_sum j l) <= K) -> spread 4 l <= 81552 * K.
Proof.
assert (R0 : rho 0 0 = 0) by (unfold rho; rewrite Rabs_R0, sqrt_0, Rmax_left; lra).
intros L B PK H; destruct l as [|[[p1 b1] n1] l]; [unfold spread; simpl; lra|].
destruct l as [|[[p2 b2] n2] l].
- apply Rle_trans with (spread 4 [(p1, b1, n1); (0, 0, 0)]); [unfold spread; simpl; lra|].
  apply uniform_two_constant; [unfold in_box in *; inversion B; constructor; trivial; constructor; [lra|constructor]|].
  intros j Hj; generalize (H j Hj); unfold moment_sum; cbn [map sum fold_right]; apply Rle_trans, Req_le; f_equal; ring.
- destruct l; [|simpl in L; lia]; now apply uniform_two_constant.
Qed.

Lemma spread_cons k p b n l : spread k ((p, b, n) :: l) = p * rho b n ^ k + spread k l.
Proof. reflexivity. Qed.

Lemma spread_pos k l : Forall (fun '(p, b, n) => 0 <= p /\ rho b n <= 1) l -> 0 <= spread k l.
Proof.
induction 1 as [|[[p b] n] l [Hp _] H IH]; [unfold spread; simpl; lra|].
rewrite spread_cons; generalize (Rmult_le_pos _ _ Hp (pow_le _ k (rho_pos b n))); lra.
Qed.

Lemma small_spread eps t : 0 < eps <= 1 -> small eps t ->
  spread 4 (scaled_cell t) <= 81552 * size_of (coefficients t) /\
  0 <= spread 5 (scaled_cell t) <= eps * (81552 * size_of (coefficients t)).
Proof.
intros He [L H]; set (l := scaled_cell t) in *.
assert (Ll : (length l <= 2)%nat) by (unfold l, scaled_cell; now rewrite length_map).
assert (B : in_box l) by (unfold in_box; revert H; apply Forall_impl; intros [[p b] n]; lra).
assert (S4 : spread 4 l <= 81552 * size_of (coefficients t)).
{ apply uniform_short; trivial; [apply size_pos|]; intros j Hj.
  assert (P : forall x, 0 <= Rabs x) by apply Rabs_pos; unfold coefficients, size_of; fold l; cbn [map sum fold_right].
  generalize (P (weights l - fst (fst t))) (P (moment_sum 1 l)) (P (moment_sum 2 l)) (P (moment_sum 3 l)) (P (moment_sum 4 l)).
  do 5 (destruct j as [|j]; [try lia; lra|]); lia. }
split; [trivial|split; [now apply spread_pos|]].
apply Rle_trans with (eps * spread 4 l); [|apply Rmult_le_compat_l; lra].
clear - H; induction H as [|[[p b] n] l [Hp Hr] H IH]; [unfold spread; simpl; lra|]; rewrite !spread_cons.
assert (Q : 0 <= p * rho b n ^ 4) by (apply Rmult_le_pos; [trivial|apply pow_le, rho_pos]).
generalize (Rmult_le_compat_r _ _ _ Q Hr); simpl; lra.
Qed.

Lemma part_expansion A : 1 <= A -> exists C, 0 < C /\ forall t y, 0 < snd (place t) -> small (1 / (2 * A)) t ->
  Rabs ((y - fst (place t)) / sqrt (snd (place t))) <= A ->
  Rabs (part t y - dot (coefficients t) (map (fun r => hermite_at (place t) r y) [0; 1; 2; 3; 4]%nat)) <=
    C * normal_at (place t) y * spread 5 (scaled_cell t).
Proof.
intros HA; destruct (normal_taylor A HA) as [C [PC T]]; exists C; split; [trivial|].
intros [[w [m v]] cell] y Hv [_ H] Y; unfold part, coefficients, scaled_cell, hermite_at, normal_at, place in *; cbn [fst snd] in *.
set (u := (y - m) / sqrt v) in *; set (f := normal y m v); assert (S : 0 < sqrt v) by now apply sqrt_lt_R0.
assert (Pf : 0 < f) by (apply (normal_pos (m, v)); trivial).
set (std := fun '(p, b, n) => (p, b / sqrt v, n / v)) in *.
change (map (fun '(p, b, n) => (p, b / sqrt v, n / v)) cell) with (map std cell) in *.
assert (E : forall b n, A * rho (b / sqrt v) (n / v) <= 1 / 2 -> exists e,
  normal y (m + b) (v + n) = f * (1 + taylor (b / sqrt v) (n / v) u + e) /\ Rabs e <= C * rho (b / sqrt v) (n / v) ^ 5).
{ intros b n Hr; destruct (T _ _ u Hr Y) as [e [Ee Be]]; exists e; split; [|trivial].
  assert (Hn : 0 < v + n).
  { destruct (rho_bounds _ _ _ (Rle_refl (rho (b / sqrt v) (n / v)))) as [_ Q]; assert (P := rho_pos (b / sqrt v) (n / v)).
    assert (rho (b / sqrt v) (n / v) <= 1 / 2) by nra; assert (Q' : Rabs (n / v) <= 1 / 4) by nra.
    apply Rabs_le_between in Q'; replace (v + n) with (v * (1 + n / v)) by (field; lra); apply Rmult_lt_0_compat; lra. }
  apply Rmult_eq_reg_l with (sqrt v); [|lra].
  assert (Z : y = sqrt v * u + m) by (unfold u; field; lra).
  transitivity (normal u (b / sqrt v) (1 + n / v)); [rewrite Z at 1; now apply normal_scale|].
  rewrite Ee; unfold f; rewrite Z at 1.
  replace (normal (sqrt v * u + m) m v) with (normal (sqrt v * u + m) (m + 0) (v + 0)) by (f_equal; ring).
  rewrite <- Rmult_assoc, normal_scale by lra; do 2 f_equal; field; lra. }
replace (dot _ _) with (f * (hermite_sum (fun k => match k with 0%nat => weights (map std cell) | _ => moment_sum k (map std cell)
  end) u - w)) by (unfold hermite_sum, He; simpl; ring).
assert (G : Rabs (sum (map (fun '(p, b, n) => p * normal y (m + b) (v + n)) cell) -
  f * hermite_sum (fun k => match k with 0%nat => weights (map std cell) | _ => moment_sum k (map std cell) end) u) <=
  C * f * spread 5 (map std cell)).
{ clear - H E Pf PC HA; induction cell as [|[[p b] n] cell IH].
  - unfold hermite_sum, weights, moment_sum, spread; simpl.
    match goal with |- Rabs ?e <= _ => replace e with 0 by ring end; rewrite Rabs_R0; lra.
  - cbn [map] in H; destruct (Forall_inv H) as [Hp Hr]; specialize (IH (Forall_inv_tail H)).
    destruct (E b n) as [e [Ee Be]].
    { apply Rle_trans with (A * (1 / (2 * A))); [apply Rmult_le_compat_l; lra|apply Req_le; field; lra]. }
    set (h := fun l => hermite_sum (fun k => match k with 0%nat => weights l | _ => moment_sum k l end) u) in *.
    assert (Eh : h (map std ((p, b, n) :: cell)) = p * (1 + taylor (b / sqrt v) (n / v) u) + h (map std cell)).
    { unfold h, hermite_sum, weights, moment_sum, taylor; simpl; ring. }
    change (hermite_sum _ u) with (h (map std cell)) in IH.
    change (hermite_sum _ u) with (h (map std ((p, b, n) :: cell))); rewrite Eh.
    set (F := fun '(p, b, n) => p * normal y (m + b) (v + n)) in *.
    change (sum (map F ((p, b, n) :: cell))) with (p * normal y (m + b) (v + n) + sum (map F cell)); rewrite Ee.
    change (map std ((p, b, n) :: cell)) with ((p, b / sqrt v, n / v) :: map std cell); rewrite spread_cons.
    match goal with |- Rabs ?t <= _ => replace t with (p * f * e + (sum (map F cell) - f * h (map std cell))) by ring end.
    assert (Q : Rabs (p * f * e) <= p * f * (C * rho (b / sqrt v) (n / v) ^ 5)).
    { apply abs_mult; [apply abs_number, Rmult_le_pos; lra|trivial]. }
    eapply Rle_trans; [apply abs_plus; [exact Q|exact IH]|]; apply Req_le; ring. }
eapply Rle_trans; [|exact G]; apply Req_le, f_equal; ring.
Qed.

Definition total (f : item -> R) (l : list item) : R := sum (map f l).
Definition difference (l : list item) (y : R) : R := total (fun t => part t y) l.

Lemma total_cons f t l : total f (t :: l) = f t + total f l.
Proof. reflexivity. Qed.

Lemma total_le f g l : (forall t, In t l -> f t <= g t) -> total f l <= total g l.
Proof.
induction l as [|t l IH]; intros H; [unfold total; simpl; lra|]; rewrite !total_cons.
generalize (H t (or_introl eq_refl)) (IH (fun u Hu => H u (or_intror Hu))); lra.
Qed.

Lemma total_scal c f l : total (fun t => c * f t) l = c * total f l.
Proof. induction l as [|t l IH]; [unfold total; simpl; ring|]; rewrite !total_cons, IH; ring. Qed.

Lemma dot_app c : forall v c' v', length c = length v -> dot (c ++ c') (v ++ v') = dot c v + dot c' v'.
Proof. induction c as [|a c IH]; intros [|x v] c' v' E; try discriminate; simpl; [ring|]; rewrite IH by (now injection E); ring. Qed.

Lemma all_coefficients l y : let c := flat_map coefficients l in length c = length (basis (map place l)) /\
  combine_at c (basis (map place l)) y =
    total (fun t => dot (coefficients t) (map (fun r => hermite_at (place t) r y) [0; 1; 2; 3; 4]%nat)) l /\
  size_of c = total (fun t => size_of (coefficients t)) l.
Proof.
induction l as [|t l [L [E S]]]; [repeat split|]; cbn [flat_map map]; split; [|split].
- change (basis (place t :: map place l)) with (map (hermite_at (place t)) [0; 1; 2; 3; 4]%nat ++ basis (map place l)).
  rewrite !length_app, L; reflexivity.
- change (basis (place t :: map place l)) with (map (hermite_at (place t)) [0; 1; 2; 3; 4]%nat ++ basis (map place l)).
  unfold combine_at in *; rewrite map_app, dot_app, E, total_cons by reflexivity; reflexivity.
- unfold size_of in *; rewrite map_app, sum_app, S, total_cons; reflexivity.
Qed.

Lemma place_in truth t l : map place l = truth -> In t l -> In (place t) truth.
Proof. intros <-; apply in_map. Qed.

Lemma normal_peak m v y : 0 < v -> 0 <= normal y m v <= / sqrt (2 * PI * v).
Proof.
intros H; destruct (sqrt_square v H) as [_ S]; assert (I := Rinv_0_lt_compat _ S); unfold normal, Rdiv; split.
- apply Rmult_le_pos; [apply Rlt_le, exp_pos|lra].
- rewrite <- (Rmult_1_l (/ sqrt (2 * PI * v))) at 2; apply Rmult_le_compat_r; [lra|].
  set (z := - (y - m) ^ 2 * / (2 * v)); apply Rle_trans with (exp 0); [|rewrite exp_0; lra].
  assert (z <= 0).
  { unfold z; assert (0 < / (2 * v)) by (apply Rinv_0_lt_compat; lra); generalize (pow2_ge_0 (y - m)); nra. }
  destruct (Req_dec z 0) as [-> | Nz]; [lra|apply Rlt_le, exp_increasing; lra].
Qed.

Lemma list_bound {T : Type} (f : T -> R) l : exists M, 0 < M /\ forall a, In a l -> f a <= M.
Proof.
induction l as [|a l [M [P H]]]; [exists 1; split; [lra|easy]|]; exists (M + Rabs (f a)).
split; [generalize (Rabs_pos (f a)); lra|]; intros b [<- | Hb]; [generalize (Rle_abs (f a)); lra|].
generalize (H b Hb) (Rabs_pos (f a)); lra.
Qed.

Lemma small_less eps eps' t : eps <= eps' -> small eps t -> small eps' t.
Proof. intros L [H1 H2]; split; [trivial|]; revert H2; apply Forall_impl; intros [[p b] n]; lra. Qed.

Lemma small_positive eps t : 0 < snd (place t) -> eps <= 1 / 2 -> small eps t ->
  Forall (fun '(p, b, n) => 0 < snd (place t) + n) (snd t).
Proof.
intros Hv He [_ H]; unfold scaled_cell in H; apply Forall_forall; intros [[p b] n] I.
assert (J := proj1 (Forall_forall _ _) H _ (in_map _ _ _ I)); simpl in J; destruct J as [_ J].
destruct (rho_bounds _ _ _ (Rle_trans _ _ _ J He)) as [_ Q]; apply Rabs_le_between in Q.
set (v := snd (place t)) in *; replace (v + n) with (v * (1 + n / v)) by (field; lra); apply Rmult_lt_0_compat; lra.
Qed.

Lemma difference_continuous_all l y : (forall t, In t l -> 0 < snd (place t) /\ small (1 / 2) t) -> continuous (difference l) y.
Proof.
induction l as [|t l IH]; intros H; [apply (continuous_const 0)|].
apply (continuous_plus (part t) (difference l)); [|apply IH; intros; apply H; now right].
destruct (H t (or_introl eq_refl)) as [Hv Hs]; assert (P := small_positive _ t Hv (Rle_refl _) Hs); unfold part.
apply (continuous_minus (fun y => sum (map (fun '(p, b, n) => p * normal y (fst (place t) + b) (snd (place t) + n)) (snd t)))).
- clear H Hs IH; induction P as [|[[p b] n] cell Hn P IH]; [apply (continuous_const 0)|].
  apply (continuous_plus (fun y => p * normal y (fst (place t) + b) (snd (place t) + n))); [|exact IH].
  apply (continuous_mult (fun _ => p)); [apply continuous_const|now apply normal_continuous].
- apply (continuous_mult (fun _ => fst (fst t))); [apply continuous_const|].
  apply (normal_continuous (fst (place t)) (snd (place t))); trivial.
Qed.

Lemma all_cells truth : Forall (fun a => 0 < snd a) truth -> NoDup truth -> exists eps C A, 0 < eps <= 1 /\ 0 < C /\
  forall l, map place l = truth -> (forall t, In t l -> small eps t) -> forall t, In t l ->
  let V := RInt (fun y => Rabs (difference l y)) (- A) A in
  size_of (coefficients t) <= C * V /\ spread 4 (scaled_cell t) <= C * V.
Proof.
intros HT ND; destruct (coefficients_by_integral (basis truth) (hermite_independent truth HT ND)
  (fun f y Hf => hermite_continuous truth f y HT Hf)) as [A [C1 [PA [PC1 B1]]]].
destruct (list_bound (fun a => (A + Rabs (fst a)) / sqrt (snd a)) truth) as [A' [PA' HA']].
destruct (part_expansion (1 + A') ltac:(lra)) as [C2 [PC2 X]].
destruct (list_bound (fun a => / sqrt (2 * PI * snd a)) truth) as [M [PM HM]].
set (Q := C1 * (2 * A) * (C2 * M) * 81552); assert (PQ : 0 < Q).
{ unfold Q; assert (0 < C1 * (2 * A)) by (apply Rmult_lt_0_compat; lra); assert (0 < C2 * M) by (now apply Rmult_lt_0_compat).
  apply Rmult_lt_0_compat; [now apply Rmult_lt_0_compat|lra]. }
set (eps := Rmin (1 / (2 * (1 + A'))) (/ (2 * Q))).
assert (E1 : eps <= 1 / (2 * (1 + A'))) by apply Rmin_l; assert (E2 : eps <= / (2 * Q)) by apply Rmin_r.
assert (I1 : 0 < 1 / (2 * (1 + A'))) by (apply Rdiv_lt_0_compat; lra).
assert (I2 : 0 < / (2 * Q)) by (apply Rinv_0_lt_compat; lra).
assert (PE : 0 < eps) by (now apply Rmin_glb_lt).
assert (E3 : 1 / (2 * (1 + A')) <= 1 / 2).
{ unfold Rdiv; rewrite !Rmult_1_l; apply Rinv_le_contravar; lra. }
exists eps, (81552 * (2 * C1)), A; split; [lra|split; [lra|]]; intros l El Sm t Ht V.
assert (Pv : forall u, In u l -> 0 < snd (place u)).
{ intros u Hu; exact (proj1 (Forall_forall _ _) HT _ (place_in _ _ _ El Hu)). }
set (c := flat_map coefficients l); set (z := size_of c).
assert (Lc := proj1 (all_coefficients l 0)); cbv zeta in Lc; fold c in Lc; rewrite El in Lc.
assert (Ez : z = total (fun u => size_of (coefficients u)) l) by (exact (proj2 (proj2 (all_coefficients l 0)))).
assert (Pz : 0 <= z) by apply size_pos.
assert (Sp := fun u Hu => small_spread eps u ltac:(lra) (Sm u Hu)).
assert (Rem : forall y, - A <= y <= A -> Rabs (combine_at c (basis truth) y) <= Rabs (difference l y) + C2 * M * (eps * (81552 * z))).
{ intros y Hy; assert (Ec := proj1 (proj2 (all_coefficients l y))); fold c in Ec; rewrite El in Ec.
  replace (combine_at c (basis truth) y) with (difference l y - total (fun u => part u y - dot (coefficients u)
    (map (fun r => hermite_at (place u) r y) [0; 1; 2; 3; 4]%nat)) l).
  - apply abs_minus; [apply Rle_refl|]; rewrite Ez, <- !total_scal.
    apply Rle_trans with (total (fun u => Rabs (part u y - dot (coefficients u)
      (map (fun r => hermite_at (place u) r y) [0; 1; 2; 3; 4]%nat))) l).
    + clear; induction l as [|u l IH]; [unfold total; simpl; rewrite Rabs_R0; lra|]; rewrite !total_cons.
      apply abs_plus; [apply Rle_refl|trivial].
    + apply total_le; intros u Hu; assert (Iu := place_in _ _ _ El Hu); specialize (Pv u Hu).
      assert (S : 0 < sqrt (snd (place u))) by (now apply sqrt_lt_R0).
      eapply Rle_trans; [apply X; trivial|].
      * now apply small_less with eps; [|apply Sm].
      * apply Rle_trans with ((A + Rabs (fst (place u))) / sqrt (snd (place u))); [|specialize (HA' _ Iu); simpl in HA'; lra].
        unfold Rdiv; rewrite Rabs_mult, (Rabs_pos_eq (/ _)) by (now apply Rlt_le, Rinv_0_lt_compat).
        apply Rmult_le_compat_r; [now apply Rlt_le, Rinv_0_lt_compat|].
        apply abs_minus; [apply Rabs_le; lra|apply Rle_refl].
      * destruct (Sp u Hu) as [_ [P5 S5]]; destruct (normal_peak (fst (place u)) (snd (place u)) y Pv) as [N1 N2].
        specialize (HM _ Iu); cbv beta in HM; unfold normal_at.
        rewrite (Rmult_assoc C2), (Rmult_assoc C2 M); apply Rmult_le_compat_l; [lra|].
        apply Rmult_le_compat; lra.
  - rewrite Ec; unfold difference; clear; induction l as [|u l IH]; [unfold total; simpl; ring|]; rewrite !total_cons, <- IH; ring. }
assert (Cd : forall y, continuous (fun y => Rabs (difference l y)) y).
{ intros y; apply (continuous_comp (difference l) Rabs); [|apply continuous_Rabs]; apply difference_continuous_all.
  intros u Hu; split; [now apply Pv|apply small_less with eps; [lra|now apply Sm]]. }
assert (Cf : forall y, continuous (fun y => Rabs (combine_at c (basis truth) y)) y).
{ intros y; apply (continuous_comp (combine_at c (basis truth)) Rabs); [|apply continuous_Rabs].
  apply combine_continuous; intros f Hf; now apply (hermite_continuous truth). }
set (k := C2 * M * (eps * (81552 * z))).
assert (Id : is_RInt (fun y => Rabs (difference l y) + k) (- A) A (V + (A - - A) * k)).
{ apply @is_RInt_plus; [apply (@RInt_correct R_CompleteNormedModule), integrable, Cd|apply @is_RInt_const]. }
assert (If : is_RInt (fun y => Rabs (combine_at c (basis truth) y)) (- A) A
  (RInt (fun y => Rabs (combine_at c (basis truth) y)) (- A) A)).
{ apply (@RInt_correct R_CompleteNormedModule), integrable, Cf. }
assert (L := is_RInt_le _ _ (- A) A _ _ ltac:(lra) If Id (fun y Hy => Rem y ltac:(lra))).
assert (Z : z <= C1 * (V + 2 * A * k)).
{ apply Rle_trans with (1 := B1 c Lc); apply Rmult_le_compat_l; lra. }
assert (K : C1 * (2 * A * k) <= z / 2).
{ replace (C1 * (2 * A * k)) with (Q * eps * z) by (unfold Q, k; ring).
  replace (z / 2) with (Q * / (2 * Q) * z) by (field; lra).
  apply Rmult_le_compat_r; [trivial|apply Rmult_le_compat_l; lra]. }
assert (Zf : z <= 2 * C1 * V) by lra.
assert (Zt : size_of (coefficients t) <= z).
{ rewrite Ez; clear - Ht; induction l as [|u l IH]; [easy|]; rewrite total_cons; destruct Ht as [-> | Ht].
  - assert (0 <= total (fun u => size_of (coefficients u)) l); [|lra].
    clear; induction l as [|u l IH]; [unfold total; simpl; lra|]; rewrite total_cons; generalize (size_pos (coefficients u)); lra.
  - generalize (IH Ht) (size_pos (coefficients u)); lra. }
destruct (Sp t Ht) as [S4 _]; split; lra.
Qed.

Lemma list_lower {T : Type} (f : T -> R) l : (forall a, In a l -> 0 < f a) -> exists m, 0 < m /\ forall a, In a l -> m <= f a.
Proof.
induction l as [|a l IH]; intros H; [exists 1; split; [lra|easy]|].
destruct (IH (fun b Hb => H b (or_intror Hb))) as [m [P B]]; exists (Rmin m (f a)).
split; [apply Rmin_glb_lt; [trivial|apply H; now left]|]; intros b [<- | Hb]; [apply Rmin_r|].
apply Rle_trans with (1 := Rmin_l _ _); auto.
Qed.

Lemma rho_scale r b n : 0 < r -> rho b n = r * rho (b / r) (n / r ^ 2).
Proof.
intros H; assert (H2 : 0 < r ^ 2) by nra; unfold rho; rewrite <- RmaxRmult by lra; f_equal.
- unfold Rdiv; rewrite Rabs_mult, (Rabs_pos_eq (/ r)) by (now apply Rlt_le, Rinv_0_lt_compat); field; lra.
- rewrite <- (sqrt_pow2 r) at 1 by lra; rewrite <- sqrt_mult; [|lra|apply Rabs_pos].
  f_equal; unfold Rdiv; rewrite Rabs_mult, (Rabs_pos_eq (/ r ^ 2)) by (now apply Rlt_le, Rinv_0_lt_compat); field; lra.
Qed.

(** The item of a true atom with the weight w and its cell, whose atoms have the weights p. *)
Definition item_of (p : atom -> R) (w : atom -> R) (x : R) (t : atom * list atom) : item :=
  let '(e, cell) := t in
  (w e, key x e, map (fun i => (p i, mean_at x i - mean_at x e, nu i - nu e)) cell).

Lemma unscaled p w x e cell : 0 < nu e -> let t := item_of p w x (e, cell) in let r := sqrt (nu e) in
  weights (scaled_cell t) = sum (map p cell) /\ spread 4 (snd t) = r ^ 4 * spread 4 (scaled_cell t) /\
  forall j, (j <= 6)%nat -> moment_sum j (snd t) = r ^ j * moment_sum j (scaled_cell t).
Proof.
intros H t r; assert (P : 0 < r) by now apply sqrt_lt_R0.
assert (R2 : r ^ 2 = nu e) by (apply pow2_sqrt; lra).
unfold t, item_of, scaled_cell, place, key; cbn [fst snd]; fold r; rewrite <- R2; split; [|split].
- unfold weights; induction cell as [|i cell IH]; [easy|]; simpl in *; now rewrite IH.
- induction cell as [|i cell IH]; [unfold spread; simpl; ring|]; cbn [map]; rewrite !spread_cons, IH.
  rewrite (rho_scale r _ _ P) at 1; rewrite Rpow_mult_distr; rewrite R2; ring.
- intros j Hj; unfold moment_sum; induction cell as [|i cell IH]; [simpl; ring|]; cbn [map sum fold_right].
  unfold sum in IH; rewrite IH, !moment_scaled by trivial.
  set (b := mean_at x i - mean_at x e); set (n := nu i - r ^ 2).
  replace ((b / r) ^ 2 + 2 * (n / r ^ 2 / 2)) with ((b ^ 2 + 2 * (n / 2)) / r ^ 2) by (field; lra).
  rewrite (scaled_scale j b (b ^ 2 + 2 * (n / 2)) r) by (trivial; lra).
  field; split; [apply pow_nonzero; lra|apply INR_fact_neq_0].
Qed.

Lemma difference_of p w x Q es cells y : Forall2 Q es cells ->
  difference (map (item_of p w x) (combine es cells)) y =
  sum (map (fun i => p i * normal_at (key x i) y) (concat cells)) - sum (map (fun e => w e * normal_at (key x e) y) es).
Proof.
unfold difference; induction 1 as [|e cell es cells _ _ IH]; [unfold total; simpl; ring|].
cbn [combine map concat]; rewrite total_cons, IH, map_app, sum_app; cbn [sum fold_right].
unfold part, item_of, place; cbn [fst snd]; rewrite map_map.
replace (sum (map (fun i => p i * normal y (fst (key x e) + (mean_at x i - mean_at x e)) (snd (key x e) + (nu i - nu e))) cell))
  with (sum (map (fun i => p i * normal_at (key x i) y) cell)); [unfold sum; simpl; ring|].
f_equal; apply map_ext; intros i; unfold normal_at, key, mean_at; cbn [fst snd]; do 2 f_equal; ring.
Qed.

Theorem experts_pointwise : experts_at_x.
Proof.
intros s0 tau0 es x [Pes ND].
assert (Pe : forall e, In e es -> 0 < nu e) by (intros e He; exact (proj1 (Forall_forall _ _) Pes e He)).
assert (HT : Forall (fun a => 0 < snd a) (map (key x) es)) by (apply Forall_map; trivial).
destruct (all_cells _ HT ND) as [eps0 [C [A [PE [PC H]]]]].
destruct (list_lower (fun e => Rmin (eps0 * sqrt (nu e)) (eps0 ^ 2 * nu e)) es) as [eps [Peps Heps]].
{ intros e He; assert (S : 0 < sqrt (nu e)) by (now apply sqrt_lt_R0, Pe); specialize (Pe e He).
  apply Rmin_glb_lt; apply Rmult_lt_0_compat; nra. }
destruct (list_bound (fun e => (1 + sqrt (nu e)) ^ 4) es) as [W [PW HW]].
exists eps, (C * (1 + W)), A; split; [trivial|split; [apply Rmult_lt_0_compat; lra|]]; intros s tau cells F e cell Hin V l.
set (p := share s tau (concat cells) x) in *.
set (items := map (item_of p (share s0 tau0 es x) x) (combine es cells)).
assert (Pl : map place items = map (key x) es).
{ unfold items; rewrite map_map; generalize p (share s0 tau0 es x); clear - F; intros p w; induction F as [|e' cell' es cells _ F IH]; [easy|]; simpl; now rewrite IH. }
assert (Pp : forall i, In i (concat cells) -> 0 < p i) by (intros; now apply share_pos).
assert (Sm : forall t, In t items -> small eps0 t).
{ intros t Ht; apply in_map_iff in Ht; destruct Ht as [[e' cell'] [<- I]]; unfold item_of.
  assert (He : In e' es) by (apply (in_combine_l _ _ _ _ I)); assert (Hc : In cell' cells) by (apply (in_combine_r _ _ _ _ I)).
  assert (Q : (length cell' <= 2)%nat /\ Forall (close eps x e') cell').
  { clear - F I; induction F as [|a b es cells Hab F IH]; [easy|]; destruct I as [E | I]; [now injection E as <- <-|auto]. }
  destruct Q as [Q1 Q2]; specialize (Heps e' He); specialize (Pe e' He); assert (S : 0 < sqrt (nu e')) by (now apply sqrt_lt_R0).
  assert (L1 : eps <= eps0 * sqrt (nu e')) by (apply Rle_trans with (1 := Heps), Rmin_l).
  assert (L2 : eps <= eps0 ^ 2 * nu e') by (apply Rle_trans with (1 := Heps), Rmin_r).
  split; [unfold item_of; cbn [snd]; now rewrite length_map|]; unfold scaled_cell, place; cbn [fst snd]; rewrite map_map.
  apply Forall_map, Forall_forall; intros i Hi; split.
  - apply Rlt_le, Pp, in_concat; now exists cell'.
  - destruct (proj1 (Forall_forall _ _) Q2 i Hi) as [M N]; unfold rho, key; cbn [snd]; apply Rmax_lub.
    + unfold Rdiv; rewrite Rabs_mult, (Rabs_pos_eq (/ _)) by (now apply Rlt_le, Rinv_0_lt_compat).
      apply Rmult_le_reg_r with (sqrt (nu e')); [trivial|]; rewrite Rmult_assoc, Rinv_l; lra.
    + rewrite <- (sqrt_pow2 eps0) by lra; apply sqrt_le_1_alt.
      unfold Rdiv; rewrite Rabs_mult, (Rabs_pos_eq (/ _)) by (now apply Rlt_le, Rinv_0_lt_compat).
      apply Rmult_le_reg_r with (nu e'); [trivial|]; rewrite Rmult_assoc, Rinv_l; lra. }
assert (EV : RInt (fun y => Rabs (difference items y)) (- A) A = V).
{ apply RInt_ext; intros y _; f_equal; unfold items; rewrite (difference_of _ _ _ _ _ _ y F), !density_shares; reflexivity. }
assert (Ht : In (item_of p (share s0 tau0 es x) x (e, cell)) items) by (now apply in_map).
destruct (H items Pl Sm _ Ht) as [H1 H2]; cbv zeta in H1, H2; rewrite EV in H1, H2.
assert (He : In e es) by (apply (in_combine_l _ _ _ _ Hin)).
destruct (unscaled p (share s0 tau0 es x) x e cell (Pe e He)) as [U0 [U4 Uj]]; cbv zeta in U0, U4, Uj.
set (t := item_of p (share s0 tau0 es x) x (e, cell)) in *; change (snd t) with l in U4, Uj.
assert (PV : 0 <= C * V) by (apply Rle_trans with (2 := H1), size_pos).
set (r := sqrt (nu e)) in *; assert (Pr : 0 <= r) by apply sqrt_pos.
assert (Rj : forall j, (j <= 4)%nat -> 0 <= r ^ j <= 1 + W).
{ intros j Hj; split; [now apply pow_le|]; apply Rle_trans with ((1 + r) ^ 4); [|specialize (HW e He); simpl in HW |- *; fold r in HW; lra].
  apply Rle_trans with ((1 + r) ^ j); [apply pow_incr; lra|apply Rle_pow; lra || trivial]. }
assert (B : forall j a, (j <= 4)%nat -> Rabs a <= C * V -> Rabs (r ^ j * a) <= C * (1 + W) * V).
{ intros j a Hj Ha; destruct (Rj j Hj); rewrite Rabs_mult, (Rabs_pos_eq (r ^ j)) by trivial.
  replace (C * (1 + W) * V) with ((1 + W) * (C * V)) by ring; apply Rmult_le_compat; trivial; apply Rabs_pos. }
unfold coefficients, size_of in H1; cbn [map sum fold_right] in H1; rewrite U0 in H1; change (fst (fst t)) with (share s0 tau0 es x e) in H1.
assert (P : forall x, 0 <= Rabs x) by apply Rabs_pos.
generalize (P (sum (map p cell) - share s0 tau0 es x e)) (P (moment_sum 1 (scaled_cell t))) (P (moment_sum 2 (scaled_cell t)))
  (P (moment_sum 3 (scaled_cell t))) (P (moment_sum 4 (scaled_cell t))); intros Q0 Q1 Q2 Q3 Q4.
split; [|split].
- replace (sum (map p cell) - share s0 tau0 es x e) with (r ^ 0 * (sum (map p cell) - share s0 tau0 es x e)) by (simpl; ring).
  apply B; [lia|lra].
- rewrite U4; apply Rle_trans with (1 := Rle_abs _), B; [lia|rewrite Rabs_pos_eq; [trivial|]].
  destruct (Sm t Ht) as [_ Sf]; apply spread_pos; revert Sf; apply Forall_impl; intros [[p' b] n]; lra.
- intros j Hj; rewrite Uj by lia; apply B; [lia|].
  do 5 (destruct j as [|j]; [try lia; lra|]); lia.
Qed.

(** * 5. Experts from two x *)

Lemma near_close eps e x X i : Rabs x <= X -> near (eps / (1 + X)) e i -> close eps x e i.
Proof.
intros HX [A [B N]]; assert (P := Rabs_pos x); set (d := eps / (1 + X)) in *.
assert (E : eps = d * X + d) by (unfold d; field; lra); assert (0 <= d) by (exact (Rle_trans _ _ _ (Rabs_pos _) N)).
unfold close, mean_at; split.
- replace (slope i * x + shift i - (slope e * x + shift e)) with ((slope i - slope e) * x + (shift i - shift e)) by ring.
  rewrite E; apply abs_plus; [now apply abs_mult|trivial].
- rewrite E; assert (0 <= d * X) by (apply Rmult_le_pos; lra); lra.
Qed.

Lemma cells_near eps eps' x x' : 0 < eps -> 0 < eps' -> exists d, 0 < d /\ forall es cells, cells_of (near d) es cells ->
  cells_of (close eps x) es cells /\ cells_of (close eps' x') es cells.
Proof.
intros H H'; set (X := Rabs x + Rabs x'); assert (P := Rabs_pos x); assert (P' := Rabs_pos x').
assert (M : 0 < Rmin eps eps') by (now apply Rmin_glb_lt).
exists (Rmin eps eps' / (1 + X)); split; [apply Rdiv_lt_0_compat; unfold X; lra|]; intros es cells F.
assert (W : forall t e i, Rmin eps eps' <= t -> close (Rmin eps eps') x e i -> close t x e i) by (intros t e i L [A B]; split; lra).
assert (W' : forall t e i, Rmin eps eps' <= t -> close (Rmin eps eps') x' e i -> close t x' e i) by (intros t e i L [A B]; split; lra).
split; revert F; apply Forall2_impl; intros e cell [L F]; split; trivial; revert F; apply Forall_impl; intros i N.
- apply W; [apply Rmin_l|]; apply near_close with X; [unfold X; lra|trivial].
- apply W'; [apply Rmin_r|]; apply near_close with X; [unfold X; lra|trivial].
Qed.

Lemma fourth_powers u v : (u + v) ^ 4 <= 8 * u ^ 4 + 8 * v ^ 4.
Proof.
assert (0 <= (u ^ 2 - v ^ 2) ^ 2) by apply pow2_ge_0.
assert (0 <= (u - v) ^ 2 * (u ^ 2 + v ^ 2)) by (apply Rmult_le_pos; nra); nra.
Qed.

Lemma even_abs u : Rabs u ^ 4 = u ^ 4.
Proof. replace (Rabs u ^ 4) with ((Rabs u ^ 2) ^ 2) by ring; rewrite pow2_abs; ring. Qed.

Lemma line x x' : x <> x' -> exists k, 1 <= k /\ forall a b, a ^ 4 + b ^ 4 <= k * ((a * x + b) ^ 4 + (a * x' + b) ^ 4).
Proof.
intros Hx; set (c := 8 / (x' - x) ^ 4).
assert (P4 : 0 < (x' - x) ^ 4).
{ replace ((x' - x) ^ 4) with (((x' - x) ^ 2) ^ 2) by ring; apply pow_lt; rewrite <- Rsqr_pow2; apply Rsqr_pos_lt; lra. }
assert (Pc : 0 < c) by (apply Rdiv_lt_0_compat; lra); assert (X4 := pow4_pos x).
assert (P8 : 0 <= 8 * x ^ 4 * c) by (apply Rmult_le_pos; lra).
exists (c + 8 * x ^ 4 * c + 9); split; [lra|]; intros a b; set (u := a * x + b); set (u' := a * x' + b).
assert (U := pow4_pos u); assert (U' := pow4_pos u').
assert (Da : a ^ 4 <= c * (u ^ 4 + u' ^ 4)).
{ apply Rmult_le_reg_r with ((x' - x) ^ 4); [trivial|].
  replace (c * (u ^ 4 + u' ^ 4) * (x' - x) ^ 4) with (8 * u' ^ 4 + 8 * (- u) ^ 4) by (unfold c; field; lra).
  replace (a ^ 4 * (x' - x) ^ 4) with ((u' + - u) ^ 4) by (unfold u, u'; ring); apply fourth_powers. }
assert (Db : b ^ 4 <= 8 * u ^ 4 + 8 * x ^ 4 * (c * (u ^ 4 + u' ^ 4))).
{ replace b with (u + - (a * x)) by (unfold u; ring); apply Rle_trans with (1 := fourth_powers _ _).
  replace ((- (a * x)) ^ 4) with (x ^ 4 * a ^ 4) by ring.
  assert (x ^ 4 * a ^ 4 <= x ^ 4 * (c * (u ^ 4 + u' ^ 4))) by (apply Rmult_le_compat_l; lra); lra. }
lra.
Qed.

(** One atom of a sum of terms that are not negative. *)
Lemma spread_one s tau atoms x e cell i : In i cell -> (forall i, In i cell -> 0 < share s tau atoms x i) ->
  share s tau atoms x i * rho (mean_at x i - mean_at x e) (nu i - nu e) ^ 4 <= spread 4 (offsets s tau atoms x e cell).
Proof.
unfold offsets; induction cell as [|k cell IH]; intros I P; [easy|]; cbn [map]; rewrite spread_cons.
assert (T : forall k, In k cell -> 0 < share s tau atoms x k) by (intros; apply P; now right).
assert (Q : forall k, 0 < share s tau atoms x k -> 0 <= share s tau atoms x k * rho (mean_at x k - mean_at x e) (nu k - nu e) ^ 4).
{ intros k' Hk; apply Rmult_le_pos; [lra|apply pow_le, rho_pos]. }
destruct I as [-> | I].
- assert (0 <= spread 4 (map (fun i => (share s tau atoms x i, mean_at x i - mean_at x e, nu i - nu e)) cell)); [|lra].
  clear - T Q; induction cell as [|k cell IH]; [unfold spread; simpl; lra|]; cbn [map]; rewrite spread_cons.
  generalize (Q k (T k (or_introl eq_refl))) (IH (fun k Hk => T k (or_intror Hk))); lra.
- generalize (IH I T) (Q k (P k (or_introl eq_refl))); lra.
Qed.

Lemma share_in s tau x (es : list atom) cells e cell i : In (e, cell) (combine es cells) -> In i cell -> 0 < share s tau (concat cells) x i.
Proof. intros H I; apply share_pos, in_concat; exists cell; split; [apply (in_combine_r _ _ _ _ H)|trivial]. Qed.

Theorem experts : experts_at_two_x.
Proof.
intros s0 tau0 es x x' Hx T T'; destruct (experts_pointwise s0 tau0 es x T) as [eps [C [A [Pe [PC H]]]]].
destruct (experts_pointwise s0 tau0 es x' T') as [eps' [C' [A' [Pe' [PC' H']]]]]; destruct (line x x' Hx) as [k [Pk Hk]].
destruct (cells_near eps eps' x x' Pe Pe') as [d [Pd Hd]].
exists d, (2 * k * (C + C')), A, A'; split; [trivial|]; intros s tau cells F e cell i Hc Hi.
destruct (Hd es cells F) as [F1 F2]; destruct (H s tau cells F1 e cell Hc) as [_ [S _]];
  destruct (H' s tau cells F2 e cell Hc) as [_ [S' _]].
assert (Q := fun x i => share_in s tau x es cells e cell i Hc).
assert (L := Rle_trans _ _ _ (spread_one s tau (concat cells) x e cell i Hi (Q x)) S).
assert (L' := Rle_trans _ _ _ (spread_one s tau (concat cells) x' e cell i Hi (Q x')) S').
assert (P := Q x i Hi); assert (P' := Q x' i Hi); clear S S' H H'.
set (V := distance A s tau (concat cells) s0 tau0 es x) in *; set (V' := distance A' s tau (concat cells) s0 tau0 es x') in *.
set (p := share s tau (concat cells) x i) in *; set (p' := share s tau (concat cells) x' i) in *.
set (r := rho (mean_at x i - mean_at x e) (nu i - nu e)) in *; set (r' := rho (mean_at x' i - mean_at x' e) (nu i - nu e)) in *.
destruct (rho_bounds _ _ _ (Rle_refl r)) as [B N]; destruct (rho_bounds _ _ _ (Rle_refl r')) as [B' _].
specialize (Hk (slope i - slope e) (shift i - shift e)).
replace ((slope i - slope e) * x + (shift i - shift e)) with (mean_at x i - mean_at x e) in Hk by (unfold mean_at; ring).
replace ((slope i - slope e) * x' + (shift i - shift e)) with (mean_at x' i - mean_at x' e) in Hk by (unfold mean_at; ring).
assert (R4 : (mean_at x i - mean_at x e) ^ 4 <= r ^ 4) by (rewrite <- even_abs; apply pow_incr; split; [apply Rabs_pos|trivial]).
assert (R4' : (mean_at x' i - mean_at x' e) ^ 4 <= r' ^ 4) by (rewrite <- even_abs; apply pow_incr; split; [apply Rabs_pos|trivial]).
assert (N4 : Rabs (nu i - nu e) ^ 2 <= r ^ 4).
{ replace (r ^ 4) with ((r ^ 2) ^ 2) by ring; apply pow_incr; split; [apply Rabs_pos|trivial]. }
rewrite !even_abs; set (m := Rmin p p'); assert (Pm : 0 < m) by (now apply Rmin_glb_lt).
assert (M : m <= p) by apply Rmin_l; assert (M' : m <= p') by apply Rmin_r.
assert (G : 0 <= r ^ 4) by apply pow4_pos; assert (G' : 0 <= r' ^ 4) by apply pow4_pos.
assert (PV : 0 <= C * V) by (assert (0 <= p * r ^ 4) by (apply Rmult_le_pos; lra); lra).
assert (PV' : 0 <= C' * V') by (assert (0 <= p' * r' ^ 4) by (apply Rmult_le_pos; lra); lra).
apply Rle_trans with (m * (2 * k * (r ^ 4 + r' ^ 4))).
- apply Rmult_le_compat_l; [lra|]; assert (r ^ 4 <= k * r ^ 4) by nra; assert (0 <= k * r' ^ 4) by nra.
  assert (k * ((mean_at x i - mean_at x e) ^ 4 + (mean_at x' i - mean_at x' e) ^ 4) <= k * (r ^ 4 + r' ^ 4)) by
    (apply Rmult_le_compat_l; lra); lra.
- assert (Z : m * (r ^ 4 + r' ^ 4) <= C * V + C' * V').
  { assert (m * r ^ 4 <= p * r ^ 4) by (now apply Rmult_le_compat_r); assert (m * r' ^ 4 <= p' * r' ^ 4) by (now apply Rmult_le_compat_r); lra. }
  apply Rle_trans with (2 * k * (C * V + C' * V')).
  + replace (m * (2 * k * (r ^ 4 + r' ^ 4))) with (2 * k * (m * (r ^ 4 + r' ^ 4))) by ring; apply Rmult_le_compat_l; lra.
  + replace (2 * k * (C + C') * (V + V')) with (2 * k * ((C + C') * (V + V'))) by ring; apply Rmult_le_compat_l; [lra|].
    assert (W : 0 <= V) by nra; assert (W' : 0 <= V') by nra; nra.
Qed.

(** * 6. Merging *)

Lemma cell_sums s tau atoms x e cell : let l := offsets s tau atoms x e cell in let w := sum (map (share s tau atoms x) cell) in
  sum (map (fun '(p, b, nu) => p) l) = w /\
  sum (map (fun '(p, b, nu) => p * b) l) = sum (map (fun i => share s tau atoms x i * mean_at x i) cell) - mean_at x e * w /\
  forall m, sum (map (fun '(p, b, nu) => p * (nu + (b - m) ^ 2)) l) =
    sum (map (fun i => share s tau atoms x i * (nu i + (mean_at x i - (mean_at x e + m)) ^ 2)) cell) - nu e * w.
Proof.
unfold offsets; induction cell as [|i cell [W [B V]]]; [simpl; repeat split; intros; ring|].
cbn [map sum fold_right]; unfold sum in *; rewrite W, B; repeat split; [ring|intros m; rewrite V; ring].
Qed.

Theorem merging_by_moments : merging_identity.
Proof.
intros l w Hw m.
assert (M1 : sum (map (fun '(p, b, nu) => p * b) l) = moment_sum 1 l).
{ unfold moment_sum; f_equal; apply map_ext; intros [[p b] n]; rewrite moment_scaled by lia; simpl; field. }
assert (V : forall m, sum (map (fun '(p, b, nu) => p * (nu + (b - m) ^ 2)) l) =
  2 * moment_sum 2 l - 2 * m * sum (map (fun '(p, b, nu) => p * b) l) + m ^ 2 * w).
{ intros t; unfold w, moment_sum; clear; induction l as [|[[p b] n] l IH]; [simpl; ring|].
  cbn [map sum fold_right]; unfold sum in IH; rewrite IH, moment_scaled by lia; simpl; field. }
split; [unfold m; now rewrite M1|rewrite V; unfold m; rewrite M1; field; trivial].
Qed.

Theorem merging_pointwise : merging_at_x.
Proof.
intros s0 tau0 es x T; destruct (experts_pointwise s0 tau0 es x T) as [eps [C [A [Pe [PC H]]]]].
assert (P0 : forall e, In e es -> 0 < share s0 tau0 es x e) by (intros; now apply share_pos).
destruct (list_lower (fun e => share s0 tau0 es x e) es P0) as [q [Pq Hq]]; clear P0.
assert (PJ : 0 < / q) by (now apply Rinv_0_lt_compat); assert (J : q * / q = 1) by (field; lra).
exists (Rmin eps 1), (40 * / q * C), A; split; [apply Rmin_glb_lt; lra|split; [apply Rmult_lt_0_compat; lra|]].
intros s tau cells F e cell Hc Ne.
assert (F1 : cells_of (close eps x) es cells).
{ revert F; apply Forall2_impl; intros e' cell' [L F]; split; trivial; revert F; apply Forall_impl; intros i [B N].
  assert (Rmin eps 1 <= eps) by apply Rmin_l; split; lra. }
assert (F2 : Forall (close 1 x e) cell).
{ clear - F Hc; induction F as [|e' cell' es cells [_ F'] F IH]; [easy|]; destruct Hc as [E | Hc]; [injection E as <- <-|auto].
  revert F'; apply Forall_impl; intros i [B N]; assert (Rmin eps 1 <= 1) by apply Rmin_r; split; lra. }
destruct (H s tau cells F1 e cell Hc) as [H0 [_ Hm]]; cbv zeta in H0, Hm; clear H.
assert (M1 := Hm 1%nat ltac:(lia)); assert (M2 := Hm 2%nat ltac:(lia)); clear Hm.
assert (Q := fun i => share_in s tau x es cells e cell i Hc); specialize (Hq e (in_combine_l _ _ _ _ Hc)).
destruct (cell_sums s tau (concat cells) x e cell) as [W [B V]]; cbv zeta in W, B, V.
set (l := offsets s tau (concat cells) x e cell) in *; set (w := sum (map (share s tau (concat cells) x) cell)) in *.
set (d := distance A s tau (concat cells) s0 tau0 es x) in *.
assert (Pw : 0 < w).
{ unfold w; clear - Q Ne; destruct cell as [|i cell]; [easy|]; cbn [map sum fold_right]; generalize (Q i (or_introl eq_refl)).
  assert (0 <= sum (map (share s tau (concat cells) x) cell)); [|unfold sum in *; lra].
  assert (Q' : forall j, In j cell -> 0 < share s tau (concat cells) x j) by (intros; apply Q; now right); clear Q Ne.
  induction cell as [|j cell IH]; [simpl; lra|]; cbn [map sum fold_right]; generalize (Q' j (or_introl eq_refl))
    (IH (fun k Hk => Q' k (or_intror Hk))); unfold sum; lra. }
assert (Nw : sum (map (fun '(p, b, nu) => p) l) <> 0) by (rewrite W; lra).
destruct (merging_by_moments l Nw) as [E1 E2]; cbv zeta in E1, E2; rewrite W in E1, E2.
set (m := sum (map (fun '(p, b, nu) => p * b) l) / w) in *.
assert (Em : cell_mean s tau (concat cells) x cell - mean_at x e = m).
{ unfold m; rewrite B; unfold cell_mean; fold w; field; lra. }
assert (Ev : cell_variance s tau (concat cells) x cell - nu e = 2 * moment_sum 2 l / w - m ^ 2).
{ rewrite <- E1 in E2; rewrite <- E2, V, <- Em; unfold cell_variance; fold w.
  replace (mean_at x e + (cell_mean s tau (concat cells) x cell - mean_at x e)) with (cell_mean s tau (concat cells) x cell) by ring.
  field; lra. }
rewrite Em, Ev; assert (D : 0 <= C * d) by (apply Rle_trans with (2 := H0), Rabs_pos).
(* the offset of the mean is at most 1, that of the variance and the second moment at most w and w *)
assert (Bm : Rabs m <= 1 /\ Rabs (2 * moment_sum 2 l) <= 2 * w).
{ assert (T2 : 2 * moment_sum 2 l = sum (map (fun '(p, b, nu) => p * (nu + b ^ 2)) l)).
  { unfold moment_sum; clear; induction l as [|[[p b] n] l IH]; [simpl; ring|]; cbn [map sum fold_right].
    unfold sum in IH; rewrite <- IH, moment_scaled by lia; simpl; field. }
  rewrite T2; assert (Z : Rabs (sum (map (fun '(p, b, nu) => p * b) l)) <= w /\
    Rabs (sum (map (fun '(p, b, nu) => p * (nu + b ^ 2)) l)) <= 2 * w).
  { unfold l, w, offsets; clear - Q F2; induction F2 as [|i cell [Fb Fn] F2 IH]; [simpl; rewrite Rabs_R0; lra|].
    cbn [map sum fold_right]; destruct IH as [I1 I2]; [intros; apply Q; now right|]; unfold sum in I1, I2.
    assert (Pi := Q i (or_introl eq_refl)); set (p := share s tau (concat cells) x i) in *.
    assert (Pp : Rabs p <= p) by (apply abs_number; lra); split.
    - apply abs_plus; [|trivial]; replace p with (p * 1) at 2 by ring; now apply abs_mult.
    - match goal with |- Rabs (p * ?a + ?t) <= 2 * (p + ?u) => apply Rle_trans with (p * (1 + 1 ^ 2) + 2 * u) end;
        [|right; ring]; apply abs_plus; [apply abs_mult; [trivial|apply abs_plus; [trivial|now apply abs_pow]]|trivial]. }
  destruct Z as [Z1 Z2]; split; [|trivial]; unfold m, Rdiv; rewrite Rabs_mult, (Rabs_pos_eq (/ w)) by
    (now apply Rlt_le, Rinv_0_lt_compat); apply Rmult_le_reg_r with w; [trivial|].
  rewrite Rmult_assoc, Rinv_l, Rmult_1_l, Rmult_1_r by lra; trivial. }
destruct Bm as [Bm B2]; assert (Sm : Rabs (m ^ 2) <= Rabs m).
{ replace (m ^ 2) with (m * m) by ring; rewrite Rabs_mult; apply Rle_trans with (Rabs m * 1); [|lra].
  apply Rmult_le_compat_l; [apply Rabs_pos|trivial]. }
assert (G : Rabs (2 * moment_sum 2 l / w - m ^ 2) <= Rabs (2 * moment_sum 2 l / w) + Rabs m).
{ apply abs_minus; [apply Rle_refl|trivial]. }
assert (I : 0 < / w) by (now apply Rinv_0_lt_compat).
assert (Dw : forall a, Rabs (a / w) = Rabs a * / w) by (intros; unfold Rdiv; rewrite Rabs_mult, (Rabs_pos_eq (/ w)); lra).
replace (40 * / q * C * d) with (40 * (/ q * (C * d))) by ring.
destruct (Rle_lt_dec (q / 2) w) as [L | L].
- assert (Iw : / w <= 2 * / q).
  { replace (2 * / q) with (/ (q / 2)) by (field; lra); apply Rinv_le_contravar; lra. }
  assert (K : forall a, Rabs a <= C * d -> Rabs a * / w <= 2 * (/ q * (C * d))).
  { intros a Ha; replace (2 * (/ q * (C * d))) with (C * d * (2 * / q)) by ring.
    apply Rmult_le_compat; trivial; [apply Rabs_pos|lra]. }
  assert (K1 := K _ M1); rewrite <- Dw, <- E1 in K1.
  assert (K2 := K _ M2); replace (Rabs (2 * moment_sum 2 l / w)) with (2 * (Rabs (moment_sum 2 l) * / w)) in G
    by (rewrite Dw, Rabs_mult, (Rabs_pos_eq 2); lra).
  assert (0 <= / q * (C * d)) by (apply Rmult_le_pos; lra); lra.
- assert (Z : q / 2 <= C * d).
  { apply Rle_trans with (2 := H0); rewrite Rabs_left1; lra. }
  assert (1 / 2 <= / q * (C * d)) by (apply Rle_trans with (/ q * (q / 2)); [right; field; lra|apply Rmult_le_compat_l; lra]).
  assert (Rabs (2 * moment_sum 2 l / w) <= 2).
  { rewrite Dw; apply Rle_trans with (2 * w * / w); [apply Rmult_le_compat_r; lra|right; field; lra]. }
  lra.
Qed.

Theorem merging : merging_at_two_x.
Proof.
intros s0 tau0 es x x' Hx T T'; destruct (merging_pointwise s0 tau0 es x T) as [eps [C [A [Pe [PC H]]]]].
destruct (merging_pointwise s0 tau0 es x' T') as [eps' [C' [A' [Pe' [PC' H']]]]].
destruct (cells_near eps eps' x x' Pe Pe') as [d [Pd Hd]]; assert (Ph : 0 < Rabs (x' - x)) by (apply Rabs_pos_lt; lra).
assert (Px : 0 <= (1 + Rabs x) / Rabs (x' - x)) by (apply Rlt_le, Rdiv_lt_0_compat; [generalize (Rabs_pos x); lra|trivial]).
set (k := 1 + (1 + Rabs x) / Rabs (x' - x)).
exists d, (k * (C + C')), A, A'; split; [trivial|]; intros s tau cells F e cell Hc Ne m a b.
destruct (Hd es cells F) as [F1 F2]; assert (H0 := H s tau cells F1 e cell Hc Ne); assert (H0' := H' s tau cells F2 e cell Hc Ne).
set (V := distance A s tau (concat cells) s0 tau0 es x) in *; set (V' := distance A' s tau (concat cells) s0 tau0 es x') in *.
fold (m x) in H0; fold (m x') in H0'; set (u := m x - mean_at x e) in *; set (u' := m x' - mean_at x' e) in *.
assert (U0 := Rabs_pos u); assert (U0' := Rabs_pos u').
assert (N := Rabs_pos (cell_variance s tau (concat cells) x cell - nu e)).
assert (N' := Rabs_pos (cell_variance s tau (concat cells) x' cell - nu e)).
assert (PV : 0 <= V) by nra; assert (PV' : 0 <= V') by nra.
assert (U : Rabs u + Rabs u' <= (C + C') * (V + V')) by nra.
assert (Ea : a - slope e = (u' - u) / (x' - x)) by (unfold a, u, u', mean_at; field; lra).
assert (Eb : b - shift e = u - (a - slope e) * x) by (unfold b, u, mean_at; ring).
assert (Sa : Rabs (a - slope e) <= (Rabs u + Rabs u') / Rabs (x' - x)).
{ rewrite Ea; unfold Rdiv; rewrite Rabs_mult, Rabs_inv; apply Rmult_le_compat_r; [now apply Rlt_le, Rinv_0_lt_compat|].
  rewrite Rplus_comm; apply abs_minus; apply Rle_refl. }
assert (Sb : Rabs (b - shift e) <= Rabs u + (Rabs u + Rabs u') / Rabs (x' - x) * Rabs x).
{ rewrite Eb; apply abs_minus; [apply Rle_refl|apply abs_mult; [exact Sa|apply Rle_refl]]. }
apply Rle_trans with (k * (Rabs u + Rabs u')).
- apply Rle_trans with ((Rabs u + Rabs u') / Rabs (x' - x) + (Rabs u + (Rabs u + Rabs u') / Rabs (x' - x) * Rabs x)); [lra|].
  replace (k * (Rabs u + Rabs u')) with ((Rabs u + Rabs u') + (Rabs u + Rabs u') / Rabs (x' - x) +
    (Rabs u + Rabs u') / Rabs (x' - x) * Rabs x) by (unfold k; field; lra); lra.
- rewrite Rmult_assoc; apply Rmult_le_compat_l; [unfold k; lra|trivial].
Qed.

(** * 7. The split of Gauss and Hermite *)

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

Definition split_atom (t : R) : atom := Atom 0 0 0 t (1 - t ^ 2).
Definition split_distance (A t : R) : R :=
  distance A (fun z => z) 1 [split_atom t; split_atom (- t)] (fun z => z) 1 [standard_atom] 0.

Lemma split_shares t x : let l := [split_atom t; split_atom (- t)] in
  share (fun z => z) 1 l x (split_atom t) = 1 / 2 /\ share (fun z => z) 1 l x (split_atom (- t)) = 1 / 2.
Proof.
assert (M : forall r, mass (fun z => z) 1 x (split_atom r) = 1).
{ intros r; unfold mass, split_atom; simpl; transitivity (exp 0); [f_equal; field|apply exp_0]. }
unfold share; cbn [map sum fold_right]; rewrite !M; lra.
Qed.

Lemma split_bound A : 0 < A -> exists K d, 0 < K /\ 0 < d <= 1 / 2 /\ forall t, 0 < t <= d -> 0 <= split_distance A t <= K * t ^ 4.
Proof.
intros PA; destruct (normal_taylor (1 + A) ltac:(lra)) as [K [PK T]]; assert (P := PI_RGT_0).
set (F := / sqrt (2 * PI * 1)); set (B := A ^ 4 + 6 * A ^ 2 + 3).
assert (PF : 0 < F) by (apply Rinv_0_lt_compat, sqrt_lt_R0; lra).
assert (PB : 0 < B) by (unfold B; generalize (pow4_pos A) (pow2_ge_0 A); lra).
assert (PD : 0 < / (2 * (1 + A)) <= 1 / 2).
{ split; [apply Rinv_0_lt_compat; lra|]; unfold Rdiv; rewrite Rmult_1_l; apply Rinv_le_contravar; lra. }
exists ((A - - A) * (F * (B + K))), (/ (2 * (1 + A))); split; [|split; [trivial|]].
{ apply Rmult_lt_0_compat; [lra|apply Rmult_lt_0_compat; lra]. }
intros t Ht; assert (At : (1 + A) * t <= 1 / 2).
{ apply Rle_trans with ((1 + A) * / (2 * (1 + A))); [apply Rmult_le_compat_l; lra|right; field; lra]. }
assert (T2 : 0 < t ^ 2) by nra; assert (T2' : t ^ 2 <= 1 / 4) by nra.
destruct (split_shares t 0) as [S1 S2]; cbv zeta in S1, S2; destruct (nodes_facts t ltac:(lra)) as [_ [R1 [R2 _]]].
set (d := fun y => Rabs (two_normals (1 / 2) t (1 + - t ^ 2) (1 / 2) (- t) (1 + - t ^ 2) y - normal y 0 1)).
assert (E : split_distance A t = RInt d (- A) A).
{ unfold split_distance, distance; apply RInt_ext; intros y _; unfold d; rewrite !density_shares; cbn [map sum fold_right].
  rewrite S1, S2; assert (M : share (fun z => z) 1 [standard_atom] 0 standard_atom = 1).
  { unfold share; cbn [map sum fold_right]; assert (Q := mass_pos (fun z => z) 1 0 standard_atom); field; lra. }
  rewrite M; unfold two_normals, normal_at, key, split_atom, standard_atom; cbn [fst snd slope shift nu]; f_equal.
  replace (0 * 0 + t) with t by ring; replace (0 * 0 + - t) with (- t) by ring; replace (0 * 0 + 0) with 0 by ring.
  replace (1 - (- t) ^ 2) with (1 + - t ^ 2) by ring; replace (1 - t ^ 2) with (1 + - t ^ 2) by ring; ring. }
assert (Id : is_RInt d (- A) A (split_distance A t)).
{ rewrite E; apply (@RInt_correct R_CompleteNormedModule), (@ex_RInt_continuous R_CompleteNormedModule).
  intros; apply difference_continuous; lra. }
split; [apply (is_RInt_ge_0 d (- A) A); trivial; [lra|intros; apply Rabs_pos]|].
assert (Ic : is_RInt (fun _ => F * (B + K) * t ^ 4) (- A) A ((A - - A) * (F * (B + K)) * t ^ 4)).
{ replace ((A - - A) * (F * (B + K)) * t ^ 4) with ((A - - A) * (F * (B + K) * t ^ 4)) by ring; apply @is_RInt_const. }
apply (is_RInt_le d _ (- A) A _ _ ltac:(lra) Id Ic); intros y Hy; unfold d, two_normals.
assert (Y : Rabs y <= A) by (apply Rabs_le; lra).
destruct (T t (- t ^ 2) y ltac:(rewrite R1; lra) ltac:(lra)) as [e1 [E1 B1]].
destruct (T (- t) (- t ^ 2) y ltac:(rewrite R2; lra) ltac:(lra)) as [e2 [E2 B2]].
rewrite R1 in B1; rewrite R2 in B2; rewrite E1, E2; destruct (normal_peak 0 1 y ltac:(lra)) as [N0 N1]; fold F in N1.
replace (1 / 2 * (normal y 0 1 * (1 + taylor t (- t ^ 2) y + e1)) + 1 / 2 * (normal y 0 1 * (1 + taylor (- t) (- t ^ 2) y + e2)) -
  normal y 0 1) with (normal y 0 1 * (- t ^ 4 / 12 * He 4 y + (1 / 2 * e1 + 1 / 2 * e2)))
  by (unfold taylor; rewrite !moment_scaled by lia; simpl; field).
assert (P4 : 0 < t ^ 4) by (apply pow_lt; lra); assert (P5 : t ^ 5 <= t ^ 4) by (replace (t ^ 5) with (t * t ^ 4) by ring; nra).
assert (Be : Rabs (1 / 2 * e1 + 1 / 2 * e2) <= K * t ^ 5).
{ replace (K * t ^ 5) with (1 / 2 * (K * t ^ 5) + 1 / 2 * (K * t ^ 5)) by field.
  apply abs_plus; apply abs_mult; trivial; apply abs_number; lra. }
assert (H4 : Rabs (He 4 y) <= B) by (unfold He, B; at_most; lra).
assert (Bt : Rabs (- t ^ 4 / 12) <= t ^ 4) by (rewrite Rabs_left; lra).
rewrite (Rmult_assoc F); apply abs_mult; [rewrite Rabs_pos_eq; lra|].
eapply Rle_trans; [apply abs_plus; [apply abs_mult; eassumption|exact Be]|].
assert (K * t ^ 5 <= K * t ^ 4) by (apply Rmult_le_compat_l; lra); lra.
Qed.

(** No bound by C t^4 of t^2 and t^3. *)
Lemma too_large eps C K d n : 0 < eps -> 0 <= C -> 0 < K -> 0 < d <= 1 / 2 -> (n <= 3)%nat ->
  exists t, 0 < t <= d /\ t <= eps /\ t ^ 2 <= eps /\ C * (K * t ^ 4) < t ^ n / 2.
Proof.
intros Pe PC PK Pd Hn; set (A := C * K); assert (PA : 0 <= A) by (apply Rmult_le_pos; lra).
assert (I : 0 < / (2 * A + 1)) by (apply Rinv_0_lt_compat; lra).
assert (J : (2 * A + 1) * / (2 * A + 1) = 1) by (field; lra).
destruct (list_lower (fun a => a) [d; eps; / (2 * A + 1) / 2]) as [t [P H]].
{ intros a [<- | [<- | [<- | []]]]; lra. }
assert (T1 : t <= d) by (apply H; now left); assert (T2 : t <= eps) by (apply H; right; now left).
assert (T3 : t <= / (2 * A + 1) / 2) by (apply H; right; right; now left).
exists t; repeat split; trivial; [nra|]; assert (Pn : 0 < t ^ n) by (now apply pow_lt).
assert (E : t ^ 4 <= t * t ^ n).
{ assert (Q : t ^ (3 - n) <= 1) by (rewrite <- (pow1 (3 - n)); apply pow_incr; lra).
  replace (t ^ 4) with (t ^ n * (t * t ^ (3 - n))); [rewrite (Rmult_comm t (t ^ n)); apply Rmult_le_compat_l; [lra|nra]|].
  rewrite (tech_pow_Rmult t (3 - n)), <- pow_add; f_equal; lia. }
replace (C * (K * t ^ 4)) with (A * t ^ 4) by (unfold A; ring).
assert (A * t ^ 4 <= A * (t * t ^ n)) by (now apply Rmult_le_compat_l); assert (A * t < 1 / 2) by nra; nra.
Qed.

Lemma small_by_split f n : (n <= 3)%nat ->
  (forall p t, 0 < t -> p (split_atom t) = 1 / 2 -> p (split_atom (- t)) = 1 / 2 -> t ^ n / 2 <= f p (split_atom t) (split_atom (- t))) ->
  too_small f.
Proof.
intros Hn Hf [eps [C [A [Pe [PA H]]]]]; destruct (split_bound A PA) as [K [d [PK [Pd D]]]].
destruct (too_large eps (Rabs C) K d n Pe (Rabs_pos C) PK Pd Hn) as [t [Ht [T1 [T2 L]]]]; specialize (D t Ht).
assert (Cl : forall r, r = t \/ r = - t -> close eps 0 standard_atom (split_atom r)).
{ assert (0 <= t ^ 2) by apply pow2_ge_0.
  intros r [-> | ->]; unfold close, mean_at; cbn [slope shift nu split_atom standard_atom]; split; apply Rabs_le; try lra;
    replace ((- t) ^ 2) with (t ^ 2) by ring; lra. }
assert (B := H (fun z => z) 1 (split_atom t) (split_atom (- t)) (Cl t (or_introl eq_refl)) (Cl (- t) (or_intror eq_refl))).
destruct (split_shares t 0) as [S1 S2]; assert (Q := Hf _ t ltac:(lra) S1 S2); fold (split_distance A t) in B.
apply Rlt_not_le with (1 := L); apply Rle_trans with (C * split_distance A t); [lra|].
apply Rle_trans with (Rabs C * split_distance A t); [apply Rmult_le_compat_r; [lra|apply Rle_abs]|].
apply Rmult_le_compat_l; [apply Rabs_pos|lra].
Qed.

Theorem both_sharp : exponents_sharp.
Proof.
split; [apply (small_by_split _ 3)|apply (small_by_split _ 2)]; try lia; intros p t Ht S1 _; rewrite S1; unfold split_atom; cbn [shift nu].
- rewrite Rabs_pos_eq by lra; lra.
- replace (1 - t ^ 2 - 1) with (- t ^ 2) by ring; rewrite Rabs_Ropp, pow_1, Rabs_pos_eq; [lra|apply pow2_ge_0].
Qed.

Theorem plain_mean : plain_mean_fails.
Proof.
apply (small_by_split _ 2); [lia|]; intros p t Ht S1 S2; rewrite S1, S2; unfold split_atom; cbn [nu].
replace (1 / 2 * (1 - t ^ 2) + 1 / 2 * (1 - (- t) ^ 2) - 1) with (- t ^ 2) by field.
assert (0 <= t ^ 2) by apply pow2_ge_0; rewrite Rabs_Ropp, Rabs_pos_eq by trivial; lra.
Qed.

Definition everything := (experts_pointwise, experts, both_sharp, merging_by_moments, merging_pointwise, merging, plain_mean).
Print Assumptions everything.
