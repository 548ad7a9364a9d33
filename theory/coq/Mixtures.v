(** Softmax-gated Gaussian mixtures of experts, d = 1: what cannot be learned, and how much a sample tells at most.

    Part 1 says what is proved; parts 2 to 6 prove it, and the theorems at the end of each are those statements. *)

From Coquelicot Require Import Coquelicot.
From Coq Require Import Reals List Lra Lia Factorial.
From Temperance Require Import Temperance.
Import ListNotations.
Open Scope R_scope.

(** * 1. Statements *)

(** The normal density at y, with mean m and variance v. *)
Definition normal (y m v : R) : R := exp (- (y - m) ^ 2 / (2 * v)) / sqrt (2 * PI * v).

(** ** Interactions: the atom of the linear gate and the relations among its derivatives *)

Definition u (x y beta1 tau a b nu : R) : R := exp (beta1 * x / tau) * normal y (a * x + b) nu.

(** tau u_tau + beta1 u_beta1 = 0 *)
Definition temperature_interaction : Prop := forall x y beta1 tau a b nu, 0 < tau -> 0 < nu ->
  exists u_tau u_beta1,
    is_derive (fun t => u x y beta1 t a b nu) tau u_tau /\
    is_derive (fun p => u x y p tau a b nu) beta1 u_beta1 /\
    tau * u_tau + beta1 * u_beta1 = 0.

(** u_bb = 2 u_nu *)
Definition heat_interaction : Prop := forall x y beta1 tau a b nu, 0 < tau -> 0 < nu ->
  exists (u_b : R -> R) u_bb u_nu,
    (forall c, is_derive (fun c => u x y beta1 tau a c nu) c (u_b c)) /\ is_derive u_b b u_bb /\
    is_derive (fun v => u x y beta1 tau a b v) nu u_nu /\
    u_bb = 2 * u_nu.

(** tau u_(beta1 b) = u_a *)
Definition slope_interaction : Prop := forall x y beta1 tau a b nu, 0 < tau -> 0 < nu ->
  exists (u_b : R -> R) u_bbeta1 u_a,
    (forall p, is_derive (fun c => u x y p tau a c nu) b (u_b p)) /\ is_derive u_b beta1 u_bbeta1 /\
    is_derive (fun q => u x y beta1 tau q b nu) a u_a /\
    tau * u_bbeta1 = u_a.

(** 2 tau u_(beta1 nu) = u_(ab) *)
Definition variance_interaction : Prop := forall x y beta1 tau a b nu, 0 < tau -> 0 < nu ->
  exists (u_nu u_b : R -> R) u_nubeta1 u_ba,
    (forall p, is_derive (fun v => u x y p tau a b v) nu (u_nu p)) /\ is_derive u_nu beta1 u_nubeta1 /\
    (forall q, is_derive (fun c => u x y beta1 tau q c nu) b (u_b q)) /\ is_derive u_b a u_ba /\
    2 * tau * u_nubeta1 = u_ba.

(** ** Densities: of y given x, for any number of atoms and an activation s *)

Record atom := Atom { beta1 : R; beta0 : R; slope : R; shift : R; nu : R }.

Definition sum (l : list R) : R := fold_right Rplus 0 l.
Definition mass (s : R -> R) (tau x : R) (i : atom) : R := exp ((s (beta1 i * x) + beta0 i) / tau).
Definition expert (x y : R) (i : atom) : R := normal y (slope i * x + shift i) (nu i).
Definition density (s : R -> R) (tau : R) (atoms : list atom) (x y : R) : R :=
  sum (map (fun i => mass s tau x i * expert x y i) atoms) / sum (map (mass s tau x) atoms).

(** The expert of an atom, with another gate. *)
Definition regate (i : atom) (p q : R) : atom := Atom p q (slope i) (shift i) (nu i).

Definition one_density (s : R -> R) tau atoms tau' atoms' : Prop :=
  forall x y, density s tau atoms x y = density s tau' atoms' x y.

(** Scale: where s (c z) = q s(z), (beta1, beta0, tau) -> (c beta1, q beta0, q tau) leaves the density. *)
Definition scale_symmetry : Prop := forall s c q, q <> 0 -> (forall z, s (c * z) = q * s z) ->
  forall tau atoms, tau <> 0 ->
  one_density s tau atoms (q * tau) (map (fun i => regate i (c * beta1 i) (q * beta0 i)) atoms).

(** So the temperature of the linear gate is not identifiable: every density is one of every temperature. *)
Definition temperature_not_identifiable : Prop := forall tau tau' i j, 0 < tau -> 0 < tau' ->
  exists i' j', one_density (fun z => z) tau [i; j] tau' [i'; j'].
Definition temperature_of_relu_not_identifiable : Prop := forall tau tau' i j, 0 < tau -> 0 < tau' ->
  exists i' j', one_density (fun z => Rmax z 0) tau [i; j] tau' [i'; j'].

(** Linear gate: every atom split alike, in two atoms beta1 + d and beta1 - d. *)
Definition split_symmetry : Prop := forall tau atoms d, tau <> 0 ->
  one_density (fun z => z) tau atoms tau
    (flat_map (fun i => [regate i (beta1 i + d) (beta0 i); regate i (beta1 i - d) (beta0 i)]) atoms).

(** Mirror points beta1_2 = - beta1_1, two atoms: three parameters with one density where s is odd up to a constant, *)
Definition odd_twins : Prop := forall s, (forall z, s z + s (- z) = 2 * s 0) ->
  forall i j beta beta0 tau, tau <> 0 ->
  one_density s tau [regate i beta beta0; regate j (- beta) 0] (tau / 2) [regate i beta (beta0 / 2); regate j 0 0] /\
  one_density s tau [regate i beta beta0; regate j (- beta) 0] (tau / 2) [regate i 0 (beta0 / 2); regate j (- beta) 0].
(** and a whole line of them where the odd part of s is linear. *)
Definition mirror_orbit : Prop := forall s k, (forall z, s z - s (- z) = k * z) ->
  forall i j beta beta0 tau l, tau <> 0 -> l <> 0 ->
  one_density s tau [regate i beta beta0; regate j (- beta) 0]
    (l * tau) [regate i (l * beta) (l * beta0); regate j (- (l * beta)) 0].

Definition gelu (z : R) : R := z * (1 + erf (z / sqrt 2)) / 2.

(** s = log (1 + z^2) at tau = 1: an atom split in two, on a curve of beta1_1, beta1_2, keeps the density. *)
Definition flat_cell : Prop := forall i p q p' q' atoms,
  exp q + exp q' = exp (beta0 i) -> exp q * p ^ 2 + exp q' * p' ^ 2 = exp (beta0 i) * beta1 i ^ 2 ->
  one_density (fun z => ln (1 + z ^ 2)) 1 (i :: atoms) 1 (regate i p q :: regate i p' q' :: atoms).

(** ** The solvability order of a cell of m atoms *)

(** sum over n1 + 2 n2 = j of q1^n1 q2^n2 / (n1! n2!) *)
Definition moment (j : nat) (q1 q2 : R) : R :=
  sum (map (fun n => q1 ^ (j - 2 * n) * q2 ^ n / (INR (fact (j - 2 * n)) * INR (fact n))) (seq 0 (S (Nat.div2 j)))).

(** m offsets (p, q1, q2), no p = 0 and some q1 <> 0, that solve the equations 1 to r. *)
Definition solvable (m r : nat) : Prop := exists l : list (R * R * R),
  length l = m /\ Forall (fun '(p, q1, q2) => p <> 0) l /\ Exists (fun '(p, q1, q2) => q1 <> 0) l /\
  forall j, (1 <= j <= r)%nat -> sum (map (fun '(p, q1, q2) => p ^ 2 * moment j q1 q2) l) = 0.

(** r_bar(m), the least r without a solution. *)
Definition solvability_order (m r : nat) : Prop := ~ solvable m r /\ forall r', (r' < r)%nat -> solvable m r'.

(** ** The information on tau, two atoms *)

(** The variance of the log-probability of the side that a coin shows, one of them with probability p: of two atoms, the
    most that one observation tells of log tau where the gate has these two weights. A relative error of 10% asks for
    n observations with n times it at least 100. *)
Definition varentropy (p : R) : R := p * (1 - p) * ln (p / (1 - p)) ^ 2.
Definition varentropy_floor : Prop := forall p, 0 < p < 1 -> varentropy p <= 4393 / 10000.
Definition sample_floor : Prop := forall p n, 0 < p < 1 -> 100 <= INR n * varentropy p -> (228 <= n)%nat.

(** * 2. Interactions *)

Section Atom.
Variables x y : R.

Lemma sqrt_square v : 0 < v -> sqrt (2 * PI * v) * sqrt (2 * PI * v) = 2 * PI * v /\ 0 < sqrt (2 * PI * v).
Proof.
intros H; assert (K : 0 < 2 * PI * v) by (generalize PI_RGT_0; intros; apply Rmult_lt_0_compat; lra).
split; [apply sqrt_sqrt; lra|now apply sqrt_lt_R0].
Qed.

Lemma u_beta1 p tau a b v : tau <> 0 ->
  is_derive (fun p => u x y p tau a b v) p (x / tau * u x y p tau a b v).
Proof. intros H; unfold u, Rdiv; auto_derive; [trivial|field; trivial]. Qed.

Lemma u_tau p tau a b v : 0 < tau ->
  is_derive (fun t => u x y p t a b v) tau (- (p * x / tau ^ 2) * u x y p tau a b v).
Proof. intros H; unfold u, Rdiv; auto_derive; [lra|simpl; field; lra]. Qed.

Lemma u_b p tau a b v : 0 < v ->
  is_derive (fun c => u x y p tau a c v) b ((y - (a * x + b)) / v * u x y p tau a b v).
Proof.
intros H; destruct (sqrt_square v H); unfold u, normal, Rdiv, Rminus; auto_derive; [trivial|simpl; field; lra].
Qed.

Lemma u_a p tau a b v : 0 < v ->
  is_derive (fun q => u x y p tau q b v) a (x * (y - (a * x + b)) / v * u x y p tau a b v).
Proof.
intros H; destruct (sqrt_square v H); unfold u, normal, Rdiv, Rminus; auto_derive; [trivial|simpl; field; lra].
Qed.

Lemma u_nu p tau a b v : 0 < v ->
  is_derive (fun v => u x y p tau a b v) v (((y - (a * x + b)) ^ 2 / v - 1) / (2 * v) * u x y p tau a b v).
Proof.
intros H; destruct (sqrt_square v H) as [E S]; assert (P := PI_RGT_0); unfold u, normal, Rdiv, Rminus.
auto_derive.
- repeat split; try lra; apply Rmult_lt_0_compat; lra.
- set (r := sqrt (2 * PI * v)) in *; assert (Ep : PI = r * r / (2 * v)) by (rewrite E; field; lra).
  rewrite Ep; simpl; field; lra.
Qed.
End Atom.

Theorem temperature : temperature_interaction.
Proof.
intros x y p tau a b v Ht Hv; do 2 eexists; split; [now apply u_tau|split; [apply u_beta1; lra|field; lra]].
Qed.

Theorem heat : heat_interaction.
Proof.
intros x y p tau a b v Ht Hv; do 3 eexists; split; [intros c; now apply u_b|split; [|split; [now apply u_nu|]]].
- apply (is_derive_mult (fun c => (y - (a * x + c)) / v)); [|now apply u_b|exact Rmult_comm].
  auto_derive; [trivial|reflexivity].
- unfold plus, mult; simpl; field; lra.
Qed.

Theorem expert_slope : slope_interaction.
Proof.
intros x y p tau a b v Ht Hv; do 3 eexists; split; [intros q; now apply u_b|split; [|split; [now apply u_a|]]].
- apply (is_derive_scal (fun q => u x y q tau a b v)); apply u_beta1; lra.
- simpl; field; lra.
Qed.

Theorem expert_variance : variance_interaction.
Proof.
intros x y p tau a b v Ht Hv; do 4 eexists; split; [intros q; now apply u_nu|split; [|split; [intros q; now apply u_b|split]]].
- apply (is_derive_scal (fun q => u x y q tau a b v)); apply u_beta1; lra.
- apply (is_derive_mult (fun q => (y - (q * x + b)) / v)); [|now apply u_a|exact Rmult_comm].
  auto_derive; [trivial|reflexivity].
- unfold plus, mult; simpl; field; lra.
Qed.

(** * 3. Densities *)

(** Masses that are multiplied by one factor. *)
Lemma density_by_factor s tau s' tau' atoms (f : atom -> atom) k x y : k <> 0 ->
  (forall i, mass s' tau' x (f i) = k * mass s tau x i) -> (forall i, expert x y (f i) = expert x y i) ->
  density s tau atoms x y = density s' tau' (map f atoms) x y.
Proof.
intros Hk Hm He; unfold density; rewrite !map_map.
assert (N : sum (map (fun i => mass s' tau' x (f i) * expert x y (f i)) atoms) =
  k * sum (map (fun i => mass s tau x i * expert x y i) atoms)) by
  (induction atoms as [|i atoms IH]; simpl; [ring|rewrite IH, Hm, He; ring]).
assert (M : sum (map (fun i => mass s' tau' x (f i)) atoms) = k * sum (map (mass s tau x) atoms)) by
  (clear N; induction atoms as [|i atoms IH]; simpl; [ring|rewrite IH, Hm; ring]).
rewrite N, M; destruct (Req_dec (sum (map (mass s tau x) atoms)) 0) as [Z | Z].
- rewrite Z, Rmult_0_r; unfold Rdiv; rewrite Rinv_0; ring.
- field; split; trivial.
Qed.

Theorem scale : scale_symmetry.
Proof.
intros s c q Hq Hs tau atoms Ht x y; apply density_by_factor with (k := 1); [lra| |reflexivity].
intros i; rewrite Rmult_1_l; unfold mass, regate; simpl; rewrite Rmult_assoc, Hs; f_equal; field; split; trivial.
Qed.

Theorem linear_temperature : temperature_not_identifiable.
Proof.
intros tau tau' i j H H'; assert (0 < tau' / tau) by (apply Rdiv_lt_0_compat; trivial); do 2 eexists.
replace tau' with (tau' / tau * tau) at 1 by (field; lra).
apply (scale (fun z => z) (tau' / tau) (tau' / tau)) with (atoms := [i; j]); intros; lra.
Qed.

Theorem relu_temperature : temperature_of_relu_not_identifiable.
Proof.
intros tau tau' i j H H'; assert (K : 0 < tau' / tau) by (apply Rdiv_lt_0_compat; trivial); do 2 eexists.
replace tau' with (tau' / tau * tau) at 1 by (field; lra).
apply (scale (fun z => Rmax z 0) (tau' / tau) (tau' / tau)) with (atoms := [i; j]); try lra.
intros z; rewrite <- RmaxRmult by lra; now rewrite Rmult_0_r.
Qed.

Theorem split : split_symmetry.
Proof.
intros tau atoms d Ht x y; unfold density.
set (k := exp (d * x / tau) + exp (- (d * x) / tau)).
assert (P : 0 < k) by (unfold k; generalize (exp_pos (d * x / tau)) (exp_pos (- (d * x) / tau)); lra).
set (f := fun i => [regate i (beta1 i + d) (beta0 i); regate i (beta1 i - d) (beta0 i)]).
assert (E : forall i, mass (fun z => z) tau x (regate i (beta1 i + d) (beta0 i)) +
  mass (fun z => z) tau x (regate i (beta1 i - d) (beta0 i)) = k * mass (fun z => z) tau x i).
{ intros i; unfold mass, regate, k; simpl; rewrite (Rmult_plus_distr_r (exp _) (exp _)), <- !exp_plus.
  f_equal; f_equal; field; trivial. }
assert (N : sum (map (fun i => mass (fun z => z) tau x i * expert x y i) (flat_map f atoms)) =
  k * sum (map (fun i => mass (fun z => z) tau x i * expert x y i) atoms)).
{ induction atoms as [|i atoms IH]; simpl; [ring|]; simpl in IH; rewrite IH.
  unfold expert at 1 2; simpl; fold (expert x y i).
  rewrite <- Rplus_assoc, <- Rmult_plus_distr_r, E; ring. }
assert (M : sum (map (mass (fun z => z) tau x) (flat_map f atoms)) = k * sum (map (mass (fun z => z) tau x) atoms)).
{ clear N; induction atoms as [|i atoms IH]; simpl; [ring|]; simpl in IH; rewrite IH, <- Rplus_assoc, E; ring. }
rewrite N, M; destruct (Req_dec (sum (map (mass (fun z => z) tau x) atoms)) 0) as [Z | Z].
- rewrite Z, Rmult_0_r; unfold Rdiv; rewrite Rinv_0; ring.
- field; split; lra.
Qed.

(** Two atoms: the density depends on the difference of the two scores. *)
Lemma density_by_difference s tau s' tau' i j i' j' x y :
  (s (beta1 i * x) + beta0 i) / tau - (s (beta1 j * x) + beta0 j) / tau =
  (s' (beta1 i' * x) + beta0 i') / tau' - (s' (beta1 j' * x) + beta0 j') / tau' ->
  expert x y i = expert x y i' -> expert x y j = expert x y j' ->
  density s tau [i; j] x y = density s' tau' [i'; j'] x y.
Proof.
unfold density, mass; simpl; intros E -> ->.
set (p := (s (beta1 i * x) + beta0 i) / tau) in *; set (q := (s (beta1 j * x) + beta0 j) / tau) in *.
set (p' := (s' (beta1 i' * x) + beta0 i') / tau') in *; set (q' := (s' (beta1 j' * x) + beta0 j') / tau') in *.
replace p with (q + (p - q)) by ring; replace p' with (q' + (p - q)) by lra; rewrite !exp_plus.
generalize (exp_pos q) (exp_pos q') (exp_pos (p - q)); intros; field.
repeat (apply conj || apply Rgt_not_eq); apply Rlt_gt; try apply Rplus_lt_0_compat; try apply Rplus_lt_0_compat;
  try apply Rmult_lt_0_compat; lra.
Qed.

Theorem twins : odd_twins.
Proof.
intros s Hs i j beta beta0' tau Ht; split; intros x y; apply density_by_difference; trivial; unfold regate; simpl;
  replace (- beta * x) with (- (beta * x)) by ring; replace (s (- (beta * x))) with (2 * s 0 - s (beta * x))
    by (generalize (Hs (beta * x)); lra); rewrite Rmult_0_l; field; trivial.
Qed.

Theorem mirror : mirror_orbit.
Proof.
intros s k Hs i j beta beta0' tau l Ht Hl x y; apply density_by_difference; trivial; unfold regate; simpl.
replace (- beta * x) with (- (beta * x)) by ring; replace (- (l * beta) * x) with (- (l * beta * x)) by ring.
transitivity ((s (beta * x) - s (- (beta * x)) + beta0') / tau); [field; trivial|].
transitivity ((s (l * beta * x) - s (- (l * beta * x)) + l * beta0') / (l * tau)); [rewrite !Hs; field; tauto|field; tauto].
Qed.

Lemma erf_odd z : erf (- z) = - erf z.
Proof.
set (g := fun t => exp (- t ^ 2)).
assert (E : forall a b, ex_RInt g a b) by (intros; apply @ex_RInt_continuous; intros; apply continuous_gauss).
assert (I := RInt_correct g 0 (- z) (E _ _)); rewrite <- Ropp_0 in I at 1; apply is_RInt_comp_opp in I.
apply is_RInt_unique in I.
assert (K : RInt (fun y => opp (g (- y))) 0 z = - RInt g 0 z).
{ transitivity (RInt (fun y => opp (g y)) 0 z); [|now apply @RInt_opp].
  apply RInt_ext; intros t _; unfold g; do 3 f_equal; ring. }
assert (Q : RInt g 0 (- z) = - RInt g 0 z) by (etransitivity; [symmetry; exact I|exact K]).
unfold erf; fold g; rewrite Q; ring.
Qed.

Lemma tanh_odd z : tanh z + tanh (- z) = 2 * tanh 0.
Proof. unfold tanh, sinh, cosh; rewrite Ropp_0, Ropp_involutive; generalize (exp_pos z) (exp_pos (- z)); intros; rewrite exp_0; field; lra. Qed.

Lemma gelu_mirror z : gelu z - gelu (- z) = 1 * z.
Proof.
unfold gelu; replace (- z / sqrt 2) with (- (z / sqrt 2)) by (unfold Rdiv; ring); rewrite erf_odd; field.
Qed.

(** So tanh has three parameters with one density, and the temperature of GELU is not identifiable there. *)
Theorem tanh_twins i j beta beta0 tau : tau <> 0 ->
  one_density tanh tau [regate i beta beta0; regate j (- beta) 0] (tau / 2) [regate i beta (beta0 / 2); regate j 0 0].
Proof. intros H; now apply (twins tanh tanh_odd). Qed.

Theorem gelu_orbit i j beta beta0 tau l : tau <> 0 -> l <> 0 ->
  one_density gelu tau [regate i beta beta0; regate j (- beta) 0]
    (l * tau) [regate i (l * beta) (l * beta0); regate j (- (l * beta)) 0].
Proof. intros; now apply (mirror gelu 1 gelu_mirror). Qed.

Theorem flat : flat_cell.
Proof.
intros i p q p' q' atoms E1 E2 x y; unfold density; cbn [map sum fold_right].
assert (M : forall r t j, mass (fun z => ln (1 + z ^ 2)) 1 x (regate j r t) = exp t * (1 + (r * x) ^ 2)).
{ intros r t j; unfold mass, regate; simpl beta1; simpl beta0; rewrite Rdiv_1_r, exp_plus, exp_ln; [ring|].
  generalize (pow2_ge_0 (r * x)); lra. }
assert (S : mass (fun z => ln (1 + z ^ 2)) 1 x (regate i p q) + mass (fun z => ln (1 + z ^ 2)) 1 x (regate i p' q') =
  mass (fun z => ln (1 + z ^ 2)) 1 x i).
{ rewrite !M; transitivity (exp (beta0 i) * (1 + (beta1 i * x) ^ 2)).
  - transitivity ((exp q + exp q') + (exp q * p ^ 2 + exp q' * p' ^ 2) * x ^ 2); [ring|rewrite E1, E2; ring].
  - rewrite <- (M _ _ i); destruct i; reflexivity. }
assert (X : forall r t, expert x y (regate i r t) = expert x y i) by reflexivity.
rewrite !X, <- !Rplus_assoc, <- Rmult_plus_distr_r, S; reflexivity.
Qed.

(** * 4. The solvability order of two atoms is 4 *)

Lemma solvable_less m r r' : (r' <= r)%nat -> solvable m r -> solvable m r'.
Proof. intros L [l [H1 [H2 [H3 H]]]]; exists l; repeat (split; trivial); intros j Hj; apply H; lia. Qed.

(** The nodes of the Gauss-Hermite quadrature. *)
Lemma solvable_2_3 : solvable 2 3.
Proof.
exists [(1, 1, - 1 / 2); (1, - 1, - 1 / 2)]; split; [reflexivity|split; [repeat constructor; lra|split; [constructor; lra|]]].
intros j Hj; do 4 (destruct j as [|j]; [try lia; unfold moment; simpl; field|]); lia.
Qed.

Lemma solvable_3_5 : solvable 3 5.
Proof.
assert (F : sqrt (/ 6) ^ 2 = / 6) by (rewrite pow2_sqrt; lra).
assert (G : sqrt (2 / 3) ^ 2 = 2 / 3) by (rewrite pow2_sqrt; lra).
exists [(sqrt (2 / 3), 0, - 1 / 2); (sqrt (/ 6), sqrt 3, - 1 / 2); (sqrt (/ 6), - sqrt 3, - 1 / 2)].
split; [reflexivity|split; [|split]].
- repeat constructor; apply Rgt_not_eq, sqrt_lt_R0; lra.
- apply Exists_cons_tl, Exists_cons_hd, Rgt_not_eq, sqrt_lt_R0; lra.
- intros j Hj; cbn [map sum fold_right]; rewrite F, G.
  assert (E2 : sqrt 3 * sqrt 3 = 3) by (apply sqrt_sqrt; lra).
  do 6 (destruct j as [|j]; [try lia; unfold moment; simpl; field [E2]|]); lia.
Qed.

Lemma elimination w v a b c d : 0 < w -> 0 < v ->
  w * a + v * b = 0 -> w * (a ^ 2 / 2 + c) + v * (b ^ 2 / 2 + d) = 0 ->
  w * (a ^ 3 / 6 + a * c) + v * (b ^ 3 / 6 + b * d) = 0 ->
  w * (a ^ 4 / 24 + a ^ 2 * c / 2 + c ^ 2 / 2) + v * (b ^ 4 / 24 + b ^ 2 * d / 2 + d ^ 2 / 2) = 0 ->
  a = 0 /\ b = 0.
Proof.
intros Hw Hv E1 E2 E3 E4; set (t := a / v).
assert (Ea : a = v * t) by (unfold t; field; lra); assert (Eb : b = - w * t) by
  (apply Rmult_eq_reg_l with v; [|lra]; replace (v * b) with (- (w * a)) by lra; rewrite Ea; ring).
clearbody t; subst a b.
destruct (Req_dec t 0) as [-> | Ht]; [split; ring|exfalso].
(* e and f are c + a^2/2 and d + b^2/2 *)
set (e := c + (v * t) ^ 2 / 2); set (f := d + (- w * t) ^ 2 / 2).
assert (Ec : c = e - (v * t) ^ 2 / 2) by (unfold e; ring); assert (Ed : d = f - (- w * t) ^ 2 / 2) by (unfold f; ring).
clearbody e f; subst c d.
assert (K1 : w * e + v * f = 0) by lra.
assert (K2 : 3 * (e - f) = (v ^ 2 - w ^ 2) * t ^ 2).
{ assert (N : w * v * t <> 0) by (repeat apply Rmult_integral_contrapositive_currified; lra).
  apply Rmult_eq_reg_l with (w * v * t); trivial; lra. }
assert (Ee : 3 * (w + v) * e = v * (v ^ 2 - w ^ 2) * t ^ 2) by
  (replace (v * (v ^ 2 - w ^ 2) * t ^ 2) with (v * ((v ^ 2 - w ^ 2) * t ^ 2)) by ring; rewrite <- K2; lra).
assert (Ef : 3 * (w + v) * f = - w * (v ^ 2 - w ^ 2) * t ^ 2) by
  (replace (- w * (v ^ 2 - w ^ 2) * t ^ 2) with (- w * ((v ^ 2 - w ^ 2) * t ^ 2)) by ring; rewrite <- K2; lra).
assert (Ze : e = v * (v - w) * t ^ 2 / 3) by
  (apply Rmult_eq_reg_l with (3 * (w + v)); [rewrite Ee; field|lra]).
assert (Zf : f = - w * (v - w) * t ^ 2 / 3) by
  (apply Rmult_eq_reg_l with (3 * (w + v)); [rewrite Ef; field|lra]).
subst e f.
assert (Z : w * v * (w + v) * t ^ 4 * (w ^ 2 + w * v + v ^ 2) = 0).
{ apply Rmult_eq_reg_l with (- / 36); [|lra]; rewrite Rmult_0_r; etransitivity; [|exact E4]; field. }
assert (P : 0 < w * v * (w + v) * t ^ 4 * (w ^ 2 + w * v + v ^ 2)).
{ assert (T : 0 < t ^ 2) by (rewrite <- Rsqr_pow2; now apply Rsqr_pos_lt).
  assert (T4 : 0 < t ^ 4) by (replace (t ^ 4) with (t ^ 2 * t ^ 2) by ring; now apply Rmult_lt_0_compat).
  assert (S : 0 < w ^ 2 + w * v + v ^ 2) by (assert (K := Rmult_lt_0_compat _ _ Hw Hv); generalize (pow2_ge_0 w) (pow2_ge_0 v); lra).
  apply Rmult_lt_0_compat; [apply Rmult_lt_0_compat|]; trivial; apply Rmult_lt_0_compat; [now apply Rmult_lt_0_compat|lra]. }
lra.
Qed.

Lemma not_solvable_2_4 : ~ solvable 2 4.
Proof.
intros [l [L [Hp [Hq H]]]]; do 2 (destruct l as [|[[? ?] ?] l]; [discriminate|]); destruct l; [|discriminate].
rewrite !Forall_cons_iff in Hp; destruct Hp as [P1 [P2 _]].
assert (E1 := H 1%nat ltac:(lia)); assert (E2 := H 2%nat ltac:(lia)); assert (E3 := H 3%nat ltac:(lia));
  assert (E4 := H 4%nat ltac:(lia)); unfold moment in *; simpl in E1, E2, E3, E4.
rename r into p, r0 into a, r1 into c, r2 into q, r3 into b, r4 into d.
destruct (elimination (p ^ 2) (q ^ 2) a b c d) as [Za Zb].
- rewrite <- Rsqr_pow2; now apply Rsqr_pos_lt.
- rewrite <- Rsqr_pow2; now apply Rsqr_pos_lt.
- lra.
- lra.
- lra.
- lra.
- subst; inversion Hq as [? ? K | ? ? K]; subst; [now apply K|]; inversion K as [? ? K' | ? ? K']; subst; [now apply K'|inversion K'].
Qed.

Theorem order_of_two : solvability_order 2 4.
Proof. split; [exact not_solvable_2_4|intros r H; apply solvable_less with 3%nat; [lia|exact solvable_2_3]]. Qed.

(** * 5. The varentropy of two atoms *)

(** The tangent of cosh. *)
Lemma cosh_tangent x x0 : cosh x0 + sinh x0 * (x - x0) <= cosh x.
Proof.
unfold cosh, sinh; generalize (exp_ineq1_le (x - x0)) (exp_ineq1_le (- (x - x0))); intros H K.
replace (exp x) with (exp x0 * exp (x - x0)) by (rewrite <- exp_plus; f_equal; ring).
replace (exp (- x)) with (exp (- x0) * exp (- (x - x0))) by (rewrite <- exp_plus; f_equal; ring).
generalize (exp_pos x0) (exp_pos (- x0)); nra.
Qed.

(** x <= cosh x / sinh x0 for every x0 with x0 sinh x0 <= cosh x0; the best is 1.19967864... *)
Definition x0 : R := 119967 / 100000.

Lemma below_cosh x : sinh x0 * x <= cosh x.
Proof.
apply Rle_trans with (2 := cosh_tangent x x0).
assert (K : x0 * sinh x0 < cosh x0) by (unfold x0; by_value); lra.
Qed.

Lemma cosh_even x : cosh (- x) = cosh x.
Proof. unfold cosh; rewrite Ropp_involutive; lra. Qed.

Lemma half_logit p : 0 < p < 1 -> p * (1 - p) * (4 * cosh (ln (p / (1 - p)) / 2) ^ 2) = 1.
Proof.
intros Hp; set (x := ln (p / (1 - p)) / 2).
assert (Hr : 0 < p / (1 - p)) by (apply Rdiv_lt_0_compat; lra).
assert (E : exp x ^ 2 = p / (1 - p)).
{ replace (exp x ^ 2) with (exp x * exp x) by ring; rewrite <- exp_plus; unfold x.
  replace (ln (p / (1 - p)) / 2 + ln (p / (1 - p)) / 2) with (ln (p / (1 - p))) by field; now apply exp_ln. }
unfold cosh; rewrite exp_Ropp; assert (X := exp_pos x).
replace (4 * ((exp x + / exp x) / 2) ^ 2) with (exp x ^ 2 + 2 + / exp x ^ 2) by (field; lra).
rewrite E; field; lra.
Qed.

Theorem floor : varentropy_floor.
Proof.
intros p Hp; assert (C := half_logit p Hp); unfold varentropy; set (x := ln (p / (1 - p)) / 2) in *.
assert (B : (sinh x0 * x) ^ 2 <= cosh x ^ 2).
{ assert (H := below_cosh x); assert (K := below_cosh (- x)).
  rewrite cosh_even in K.
  apply pow_maj_Rabs; unfold Rabs; destruct Rcase_abs; lra. }
replace (ln (p / (1 - p))) with (2 * x) by (unfold x; field).
assert (S : 10000 / 4393 < sinh x0 ^ 2) by (unfold x0; by_value).
assert (P : 0 < p * (1 - p)) by (apply Rmult_lt_0_compat; lra).
assert (Q : p * (1 - p) * (2 * x) ^ 2 * sinh x0 ^ 2 <= 1).
{ apply Rle_trans with (p * (1 - p) * (4 * cosh x ^ 2)); [|lra]; replace (p * (1 - p) * (2 * x) ^ 2 * sinh x0 ^ 2) with (p * (1 - p) * (4 * (sinh x0 * x) ^ 2)) by ring.
  apply Rmult_le_compat_l; lra. }
assert (0 <= p * (1 - p) * (2 * x) ^ 2) by (apply Rmult_le_pos; [lra|apply pow2_ge_0]).
nra.
Qed.

Theorem sample : sample_floor.
Proof.
intros p n Hp H; assert (F := floor p Hp); destruct (Nat.le_gt_cases 228 n) as [L | L]; trivial; exfalso.
assert (K : INR n <= 227) by (replace 227 with (INR 227) by (simpl; lra); apply le_INR; lia).
assert (0 <= INR n) by apply pos_INR.
assert (0 <= varentropy p) by (unfold varentropy; apply Rmult_le_pos; [apply Rmult_le_pos; lra|apply pow2_ge_0]).
nra.
Qed.

Definition everything := (temperature, heat, expert_slope, expert_variance, scale, linear_temperature, relu_temperature,
  split, twins, mirror, tanh_twins, gelu_orbit, flat, order_of_two, solvable_3_5, floor, sample).
Print Assumptions everything.
