(** Cells: the moment sums of two and of three atoms near one true atom (theory 4.1).

    Part 1 says what is proved; the other parts prove it, and their theorems are those statements. *)

From Coquelicot Require Import Coquelicot.
From Coq Require Import Reals List Lra Lia Factorial.
From Temperance Require Import Temperance Mixtures.
Import ListNotations.
Open Scope R_scope.

(** * 1. Statements *)

Definition order_three : Prop := solvability_order 3 6.

(** Of an atom with the offset b of the mean and nu of the variance. *)
Definition rho (b nu : R) : R := Rmax (Rabs b) (sqrt (Rabs nu)).

(** For atoms (p, b, nu) with the weights p: the sums of p P_j(b, nu), and of p rho^n. *)
Definition moment_sum (j : nat) (l : list (R * R * R)) : R := sum (map (fun '(p, b, nu) => p * moment j b (nu / 2)) l).
Definition spread (n : nat) (l : list (R * R * R)) : R := sum (map (fun '(p, b, nu) => p * rho b nu ^ n) l).
Definition in_box (l : list (R * R * R)) : Prop := Forall (fun '(p, b, nu) => 0 <= p /\ rho b nu <= 1) l.

(** m atoms, the moments of the orders 1 to r, the exponent n; one C for all weights and offsets. *)
Definition uniform (m r n : nat) : Prop := exists C, forall l K, length l = m -> in_box l ->
  (forall j, (1 <= j <= r)%nat -> Rabs (moment_sum j l) <= K) -> spread n l <= C * K.
Definition uniform_lemma : Prop := uniform 2 4 4.
(** A smaller exponent is too small, and three moments are too few. *)
Definition uniform_lemma_sharp : Prop := ~ uniform 2 4 3 /\ ~ uniform 2 3 4.

(** * 2. The solvability order of three atoms is 6 *)

(** With x = q1 and y = q1^2 + 2 q2, j! times the moment of order j. *)
Definition scaled (j : nat) (x y : R) : R :=
  match j with
  | 0%nat => 1
  | 1%nat => x
  | 2%nat => y
  | 3%nat => 3 * x * y - 2 * x ^ 3
  | 4%nat => 3 * y ^ 2 - 2 * x ^ 4
  | 5%nat => 15 * x * y ^ 2 - 20 * x ^ 3 * y + 6 * x ^ 5
  | 6%nat => 15 * y ^ 3 - 30 * x ^ 4 * y + 16 * x ^ 6
  | _ => 0
  end.

Lemma moment_scaled j q1 q2 : (j <= 6)%nat -> moment j q1 q2 = scaled j q1 (q1 ^ 2 + 2 * q2) / INR (fact j).
Proof. intros H; do 7 (destruct j as [|j]; [unfold moment; simpl; field|]); lia. Qed.

Lemma scaled_scale j x y r : (j <= 6)%nat -> r <> 0 -> scaled j (x / r) (y / r ^ 2) = scaled j x y / r ^ j.
Proof. intros H N; do 7 (destruct j as [|j]; [simpl; field; trivial|]); lia. Qed.

(** The quadratic polynomial form_d d^2 + form_sd s d + form_s in d, which has no zero. *)
Definition form_d k g := (4 * k - 5 * g) * (10 * k ^ 2 - 24 * k * g + 15 * g ^ 2).
Definition form_sd s k g := - (8 / 9) * s ^ 2 * k + 4 / 3 * s ^ 2 * g + 6 * k ^ 3 - k ^ 2 * g - 23 * k * g ^ 2 + 39 / 2 * g ^ 3.
Definition form_s s k g := - (2 / 9) * s ^ 4 * k - s ^ 4 * g / 3 - 2 * s ^ 2 * g ^ 2 * k + 2 * s ^ 2 * g ^ 3 -
  15 * k ^ 2 * g ^ 3 + 36 * k * g ^ 4 - 45 / 2 * g ^ 5.

(** For g = 1 and k = t, the coefficients of its discriminant, with the other sign, as a polynomial in s^2. *)
Definition D0 t := - 2400 * t ^ 5 + 14520 * t ^ 4 - 35424 * t ^ 3 + 43560 * t ^ 2 - 27000 * t + 6750.
Definition D1 t := - 36 * t ^ 6 + 12 * t ^ 5 - 45 * t ^ 4 + 1208 * t ^ 3 - 3098 * t ^ 2 + 2937 * t - 3921 / 4.
Definition D2 t := - 224 * t ^ 4 / 9 + 176 * t ^ 3 / 3 - 32 * t ^ 2 / 9 - 232 * t / 3 + 48.
Definition D3 t := - 64 * t ^ 2 / 81 + 64 * t / 27 - 16 / 9.

(** The form a_0 v^n + a_1 u v^(n-1) + .. + a_n u^n, with positive coefficients. *)
Fixpoint form (l : list R) (u v : R) : R :=
  match l with [] => 0 | a :: l => a * v ^ length l + u * form l u v end.

Lemma form_pos a l u v : 0 < a -> Forall (fun a => 0 < a) l -> 0 <= u -> 0 < v -> 0 < form (a :: l) u v.
Proof.
intros A L U V; cbn [form]; apply Rplus_lt_le_0_compat; [apply Rmult_lt_0_compat; [trivial|now apply pow_lt]|].
apply Rmult_le_pos; [trivial|induction L as [|b l B L IH]; cbn [form]; [lra|]].
apply Rplus_le_le_0_compat; [apply Rmult_le_pos; [lra|now apply Rlt_le, pow_lt]|now apply Rmult_le_pos].
Qed.

Lemma discriminant t S : 0 <= S -> S <= 9 / 2 - 3 * t ^ 2 -> 0 < D0 t + D1 t * S + D2 t * S ^ 2 + D3 t * S ^ 3.
Proof.
intros H K; set (T := 9 / 2 - 3 * t ^ 2) in *.
assert (B : 0 < 5 + 4 * t /\ 0 < 5 - 4 * t) by (split; unfold T in K; nra).
assert (P0 : 0 < D0 t).
{ replace (D0 t) with (6 * (5 - 4 * t) * (10 * (t - 6 / 5) ^ 2 + 3 / 5) ^ 2) by (unfold D0; field).
  apply Rmult_lt_0_compat; [lra|apply pow_lt; generalize (pow2_ge_0 (t - 6 / 5)); lra]. }
destruct (Req_dec S 0) as [-> | N]; [lra|].
assert (PT : 0 < T) by lra.
assert (P1 : 0 < D0 t + D1 t * T / 3).
{ replace (D0 t + D1 t * T / 3) with (form [3625482561; 9502127968; 7588498868; 1084645296; 306263070; 35121216; 1930788; 281648; 841]
    (5 + 4 * t) (5 - 4 * t) / (16384 * 10 ^ 8)) by (unfold D0, D1, T; simpl; field).
  apply Rdiv_lt_0_compat; [apply form_pos|]; repeat constructor; lra. }
assert (P2 : 0 < D0 t + 2 * D1 t * T / 3 + D2 t * T ^ 2 / 3).
{ replace (D0 t + 2 * D1 t * T / 3 + D2 t * T ^ 2 / 3) with
    (form [5456853247; 12473412336; 6914486236; 543172192; 576211890; 35200432; 4526476; 295296; 2407]
    (5 + 4 * t) (5 - 4 * t) / (24576 * 10 ^ 8)) by (unfold D0, D1, D2, T; simpl; field).
  apply Rdiv_lt_0_compat; [apply form_pos|]; repeat constructor; lra. }
assert (P3 : 0 < D0 t + D1 t * T + D2 t * T ^ 2 + D3 t * T ^ 3).
{ replace (D0 t + D1 t * T + D2 t * T ^ 2 + D3 t * T ^ 3) with
    (form [10950946369; 21391281472; 4650781972; 1861997584; 650284030; 107344864; 8989252; 384592; 6889]
    (5 + 4 * t) (5 - 4 * t) / (49152 * 10 ^ 8)) by (unfold D0, D1, D2, D3, T; simpl; field).
  apply Rdiv_lt_0_compat; [apply form_pos|]; repeat constructor; lra. }
set (U := S / T); assert (E : S = U * T) by (unfold U; field; lra).
assert (U0 : 0 <= U) by (unfold U; apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra]).
assert (U1 : U <= 1) by (unfold U; apply Rmult_le_reg_r with T; [lra|]; unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra).
generalize dependent (D0 t); intros e0; generalize dependent (D1 t); intros e1; generalize dependent (D2 t); intros e2;
  generalize dependent (D3 t); intros e3; intros; clearbody T U; subst S; set (W := 1 - U).
assert (W0 : 0 <= W) by (unfold W; lra).
replace (e0 + e1 * (U * T) + e2 * (U * T) ^ 2 + e3 * (U * T) ^ 3) with
  (W ^ 3 * e0 + 3 * U * W ^ 2 * (e0 + e1 * T / 3) + 3 * U ^ 2 * W * (e0 + 2 * e1 * T / 3 + e2 * T ^ 2 / 3) +
  U ^ 3 * (e0 + e1 * T + e2 * T ^ 2 + e3 * T ^ 3)) by (unfold W; field).
assert (Q0 : 0 <= W ^ 3) by (now apply pow_le).
assert (Q1 : 0 <= 3 * U * W ^ 2) by (apply Rmult_le_pos; [lra|now apply pow_le]).
assert (Q2 : 0 <= 3 * U ^ 2 * W) by (apply Rmult_le_pos; [apply Rmult_le_pos; [lra|now apply pow_le]|trivial]).
assert (Q3 : 0 < U ^ 3) by (apply pow_lt; destruct U0 as [U0 | U0]; [trivial|subst U; destruct N; ring]).
generalize (Rmult_le_pos _ _ Q0 (Rlt_le _ _ P0)) (Rmult_le_pos _ _ Q1 (Rlt_le _ _ P1))
  (Rmult_le_pos _ _ Q2 (Rlt_le _ _ P2)) (Rmult_lt_0_compat _ _ Q3 P3); lra.
Qed.

Lemma definite s k d g : g <> 0 -> 2 * s ^ 2 + 6 * k ^ 2 <= 9 * g ^ 2 ->
  form_d k g * d ^ 2 + form_sd s k g * s * d + form_s s k g <> 0.
Proof.
intros Hg H Z; assert (P : 0 < g ^ 2) by (rewrite <- Rsqr_pow2; now apply Rsqr_pos_lt).
set (t := k / g); set (S := s ^ 2 / g ^ 2).
assert (Et : k = t * g) by (unfold t; field; trivial).
assert (ES : s ^ 2 = S * g ^ 2) by (unfold S; field; trivial).
assert (S0 : 0 <= S) by (unfold S; apply Rmult_le_pos; [apply pow2_ge_0|apply Rlt_le, Rinv_0_lt_compat; lra]).
assert (S1 : S <= 9 / 2 - 3 * t ^ 2).
{ apply Rmult_le_reg_r with (g ^ 2); [lra|]; rewrite <- ES; rewrite Et in H.
  replace ((t * g) ^ 2) with (t ^ 2 * g ^ 2) in H by ring; lra. }
assert (K := discriminant t S S0 S1).
assert (G : 0 < g ^ 8) by (replace (g ^ 8) with ((g ^ 2) ^ 4) by ring; now apply pow_lt).
assert (X := Rmult_lt_0_compat _ _ G K).
assert (E : 4 * form_d k g * (form_d k g * d ^ 2 + form_sd s k g * s * d + form_s s k g) =
  (2 * form_d k g * d + form_sd s k g * s) ^ 2 + g ^ 8 * (D0 t + D1 t * S + D2 t * S ^ 2 + D3 t * S ^ 3)).
{ unfold form_d, form_sd, form_s, D0, D1, D2, D3; replace (s ^ 4) with ((s ^ 2) ^ 2) by ring.
  clearbody t; subst k; field [ES]. }
rewrite Z in E; generalize (pow2_ge_0 (2 * form_d k g * d + form_sd s k g * s)); lra.
Qed.

(** The products of 1, x, z, an orthonormal basis of the functions on three points. *)
Section Basis.
Variables s k d c : R.
Definition product (u v : R * R * R) : R * R * R :=
  let '(u0, u1, u2) := u in let '(v0, v1, v2) := v in
  (u0 * v0 + u1 * v1 + u2 * v2,
   u0 * v1 + u1 * v0 + s * (u1 * v1) + k * (u1 * v2 + u2 * v1) + d * (u2 * v2),
   u0 * v2 + u2 * v0 + k * (u1 * v1) + d * (u1 * v2 + u2 * v1) + c * (u2 * v2)).
Fixpoint power (u : R * R * R) (n : nat) : R * R * R :=
  match n with O => (1, 0, 0) | S n => product u (power u n) end.
Definition plus3 (u v : R * R * R) : R * R * R :=
  let '(u0, u1, u2) := u in let '(v0, v1, v2) := v in (u0 + v0, u1 + v1, u2 + v2).
Definition scal3 (a : R) (u : R * R * R) : R * R * R := let '(u0, u1, u2) := u in (a * u0, a * u1, a * u2).
Definition at_point (x z : R) (u : R * R * R) : R := let '(u0, u1, u2) := u in u0 + u1 * x + u2 * z.

Variables x z : R.
Hypothesis xx : x * x = 1 + s * x + k * z.
Hypothesis xz : x * z = k * x + d * z.
Hypothesis zz : z * z = 1 + d * x + c * z.

Lemma at_product u v : at_point x z (product u v) = at_point x z u * at_point x z v.
Proof. destruct u as [[u0 u1] u2], v as [[v0 v1] v2]; simpl; ring [xx xz zz]. Qed.
Lemma at_power u n : at_point x z (power u n) = at_point x z u ^ n.
Proof. induction n as [|n IH]; [simpl; ring|cbn [power pow]; now rewrite at_product, IH]. Qed.
Lemma at_plus u v : at_point x z (plus3 u v) = at_point x z u + at_point x z v.
Proof. destruct u as [[u0 u1] u2], v as [[v0 v1] v2]; simpl; ring. Qed.
Lemma at_scal a u : at_point x z (scal3 a u) = a * at_point x z u.
Proof. destruct u as [[u0 u1] u2]; simpl; ring. Qed.

(** The moments of x and b x + g z. *)
Definition in_basis (b g : R) (j : nat) : R * R * R :=
  let X := (0, 1, 0) in let Y := (0, b, g) in let X2 := power X 2 in let X3 := power X 3 in let XY := product X Y in
  match j with
  | 3%nat => plus3 (scal3 3 XY) (scal3 (- 2) X3)
  | 4%nat => plus3 (scal3 3 (power Y 2)) (scal3 (- 2) (product X2 X2))
  | 5%nat => plus3 (plus3 (scal3 15 (product Y XY)) (scal3 (- 20) (product X2 XY))) (scal3 6 (product X2 X3))
  | 6%nat => plus3 (plus3 (scal3 15 (power Y 3)) (scal3 (- 30) (product X3 XY))) (scal3 16 (product X3 X3))
  | _ => (0, 0, 0)
  end.

Lemma at_moment b g j : (3 <= j <= 6)%nat -> scaled j x (b * x + g * z) = at_point x z (in_basis b g j).
Proof.
intros H; assert (X : at_point x z (0, 1, 0) = x) by (simpl; ring).
assert (Y : at_point x z (0, b, g) = b * x + g * z) by (simpl; ring).
do 7 (destruct j as [|j]; [try lia; unfold in_basis; cbv zeta; rewrite ?at_plus, ?at_scal, ?at_product, ?at_power, X, Y;
  unfold scaled; ring|]); lia.
Qed.
End Basis.

Lemma no_cell_of_three s k d c g : 1 + s * d + k * c = k ^ 2 + d ^ 2 ->
  (forall j, (4 <= j <= 6)%nat -> fst (fst (in_basis s k d c (2 / 3 * s) g j)) = 0) -> False.
Proof.
intros A H; assert (E4 := H 4%nat ltac:(lia)); assert (E5 := H 5%nat ltac:(lia)); assert (E6 := H 6%nat ltac:(lia)).
clear H; simpl in E4, E5, E6.
assert (G : s ^ 2 = 9 / 2 * g ^ 2 - 3 - 3 * k ^ 2) by lra.
apply (definite s k d g).
- intros ->; generalize (pow2_ge_0 s) (pow2_ge_0 k); lra.
- lra.
- (* k E6 + ((4 k - 6 g) d + (3/2 g - k) s) E5 *)
  match type of E6 with ?e = 0 => match type of E5 with ?f = 0 =>
    transitivity (k * e + ((4 * k - 6 * g) * d + (3 / 2 * g - k) * s) * f); [|rewrite E5, E6; ring] end end.
  match goal with |- ?e = ?f => enough (Z : e - f = 0) by lra end.
  transitivity (- 15 * g ^ 3 * (1 + s * d + k * c - (k ^ 2 + d ^ 2)) +
    (- (8 / 3) * d * g * s + 16 / 9 * d * k * s + 5 * g ^ 3 - 8 * g ^ 2 * k + 10 * g * k ^ 2 + 2 / 3 * g * s ^ 2 -
    16 / 3 * k ^ 3 - 4 / 3 * k * s ^ 2 - 16 / 3 * k) * (s ^ 2 - (9 / 2 * g ^ 2 - 3 - 3 * k ^ 2))); [|rewrite A, G; ring].
  unfold form_d, form_sd, form_s; clear; field.
Qed.

(** Three points with weights, x standardised: some j sum is not 0. *)
Section Three.
Variables p1 p2 p3 x1 x2 x3 y1 y2 y3 : R.
Hypothesis (P1 : 0 < p1) (P2 : 0 < p2) (P3 : 0 < p3).
Notation E f1 f2 f3 := (p1 * f1 + p2 * f2 + p3 * f3).
Hypothesis Mass : p1 + p2 + p3 = 1.
Hypothesis Ex : E x1 x2 x3 = 0.
Hypothesis Exx : E (x1 * x1) (x2 * x2) (x3 * x3) = 1.

Lemma third : exists z1 z2 z3,
  E z1 z2 z3 = 0 /\ E (x1 * z1) (x2 * z2) (x3 * z3) = 0 /\ E (z1 * z1) (z2 * z2) (z3 * z3) = 1 /\
  forall f1 f2 f3, let e := E f1 f2 f3 in let ex := E (f1 * x1) (f2 * x2) (f3 * x3) in
    let ez := E (f1 * z1) (f2 * z2) (f3 * z3) in
    f1 = e + ex * x1 + ez * z1 /\ f2 = e + ex * x2 + ez * z2 /\ f3 = e + ex * x3 + ez * z3.
Proof.
set (n1 := x2 - x3); set (n2 := x3 - x1); set (n3 := x1 - x2).
set (v := n1 ^ 2 / p1 + n2 ^ 2 / p2 + n3 ^ 2 / p3).
assert (Hv : 0 < v).
{ assert (L : forall n p, 0 < p -> 0 <= n ^ 2 / p) by
    (intros n p Hp; apply Rmult_le_pos; [apply pow2_ge_0|now apply Rlt_le, Rinv_0_lt_compat]).
  assert (L' : forall n p, 0 < p -> n <> 0 -> 0 < n ^ 2 / p) by
    (intros n p Hp Hn; apply Rdiv_lt_0_compat; trivial; rewrite <- Rsqr_pow2; now apply Rsqr_pos_lt).
  generalize (L n1 p1 P1) (L n2 p2 P2) (L n3 p3 P3); unfold v.
  destruct (Req_dec n1 0) as [Z1 | Z1]; [|generalize (L' n1 p1 P1 Z1); lra].
  destruct (Req_dec n2 0) as [Z2 | Z2]; [|generalize (L' n2 p2 P2 Z2); lra].
  exfalso; unfold n1 in Z1; unfold n2 in Z2; replace x2 with x1 in * by lra; replace x3 with x1 in * by lra.
  assert (x1 = 0) by (transitivity ((p1 + p2 + p3) * x1); [rewrite Mass; ring|lra]); subst; lra. }
set (q := sqrt v); assert (Hq : q * q = v) by (apply sqrt_sqrt; lra).
assert (Q : 0 < q) by (now apply sqrt_lt_R0).
exists (n1 / (p1 * q)), (n2 / (p2 * q)), (n3 / (p3 * q)).
split; [unfold n1, n2, n3; field; repeat split; lra|].
split; [unfold n1, n2, n3; field; repeat split; lra|].
assert (N : E (n1 / (p1 * q) * (n1 / (p1 * q))) (n2 / (p2 * q) * (n2 / (p2 * q))) (n3 / (p3 * q) * (n3 / (p3 * q))) = 1).
{ transitivity (v / (q * q)); [unfold v; field; repeat split; lra|rewrite Hq; field; lra]. }
split; [exact N|intros f1 f2 f3 e ex ez].
set (g1 := f1 - (e + ex * x1 + ez * (n1 / (p1 * q)))); set (g2 := f2 - (e + ex * x2 + ez * (n2 / (p2 * q))));
  set (g3 := f3 - (e + ex * x3 + ez * (n3 / (p3 * q)))).
assert (O : E (n1 / (p1 * q)) (n2 / (p2 * q)) (n3 / (p3 * q)) = 0) by (unfold n1, n2, n3; field; repeat split; lra).
assert (O' : E (x1 * (n1 / (p1 * q))) (x2 * (n2 / (p2 * q))) (x3 * (n3 / (p3 * q))) = 0) by
  (unfold n1, n2, n3; field; repeat split; lra).
set (z1 := n1 / (p1 * q)) in *; set (z2 := n2 / (p2 * q)) in *; set (z3 := n3 / (p3 * q)) in *.
assert (G : E g1 g2 g3 = 0).
{ transitivity (E f1 f2 f3 - e * (p1 + p2 + p3) - ex * E x1 x2 x3 - ez * E z1 z2 z3); [unfold g1, g2, g3; ring|].
  rewrite Mass, Ex, O; unfold e; ring. }
assert (Gx : E (g1 * x1) (g2 * x2) (g3 * x3) = 0).
{ transitivity (E (f1 * x1) (f2 * x2) (f3 * x3) - e * E x1 x2 x3 - ex * E (x1 * x1) (x2 * x2) (x3 * x3) -
    ez * E (x1 * z1) (x2 * z2) (x3 * z3)); [unfold g1, g2, g3; ring|]; rewrite Exx, Ex, O'; unfold ex; ring. }
assert (Gz : E (g1 * z1) (g2 * z2) (g3 * z3) = 0).
{ transitivity (E (f1 * z1) (f2 * z2) (f3 * z3) - e * E z1 z2 z3 - ex * E (x1 * z1) (x2 * z2) (x3 * z3) -
    ez * E (z1 * z1) (z2 * z2) (z3 * z3)); [unfold g1, g2, g3; ring|]; rewrite N, O, O'; unfold ez; ring. }
assert (C12 : p1 * g1 * n2 = p2 * g2 * n1).
{ unfold n1, n2; apply Rminus_diag_uniq.
  transitivity (x3 * E g1 g2 g3 - E (g1 * x1) (g2 * x2) (g3 * x3)); [ring|rewrite G, Gx; ring]. }
assert (C23 : p2 * g2 * n3 = p3 * g3 * n2).
{ unfold n2, n3; apply Rminus_diag_uniq.
  transitivity (x1 * E g1 g2 g3 - E (g1 * x1) (g2 * x2) (g3 * x3)); [ring|rewrite G, Gx; ring]. }
assert (C13 : p1 * g1 * n3 = p3 * g3 * n1).
{ unfold n1, n3; apply Rminus_diag_uniq.
  transitivity (E (g1 * x1) (g2 * x2) (g3 * x3) - x2 * E g1 g2 g3); [ring|rewrite G, Gx; ring]. }
assert (Gn : g1 * n1 + g2 * n2 + g3 * n3 = 0).
{ transitivity (q * E (g1 * z1) (g2 * z2) (g3 * z3)); [unfold z1, z2, z3; field; repeat split; lra|rewrite Gz; ring]. }
assert (F : forall p g n, 0 < p -> p * g * v = n * (g1 * n1 + g2 * n2 + g3 * n3) -> g = 0).
{ intros p g n Hp H; rewrite Gn, Rmult_0_r in H; apply Rmult_integral in H; destruct H as [H | H]; [|lra].
  apply Rmult_integral in H; destruct H; lra. }
assert (Z1 : g1 = 0).
{ apply (F p1 g1 n1 P1).
  transitivity ((p1 * g1 * n1) * n1 / p1 + (p1 * g1 * n2) * n2 / p2 + (p1 * g1 * n3) * n3 / p3); [unfold v; field; lra|].
  rewrite C12, C13; field; lra. }
assert (Z2 : g2 = 0).
{ apply (F p2 g2 n2 P2).
  transitivity ((p2 * g2 * n1) * n1 / p1 + (p2 * g2 * n2) * n2 / p2 + (p2 * g2 * n3) * n3 / p3); [unfold v; field; lra|].
  rewrite <- C12, C23; field; lra. }
assert (Z3 : g3 = 0).
{ apply (F p3 g3 n3 P3).
  transitivity ((p3 * g3 * n1) * n1 / p1 + (p3 * g3 * n2) * n2 / p2 + (p3 * g3 * n3) * n3 / p3); [unfold v; field; lra|].
  rewrite <- C13, <- C23; field; lra. }
unfold g1 in Z1; unfold g2 in Z2; unfold g3 in Z3; lra.
Qed.

Hypothesis Ey : E y1 y2 y3 = 0.

Lemma three_standard :
  ~ forall j, (3 <= j <= 6)%nat -> E (scaled j x1 y1) (scaled j x2 y2) (scaled j x3 y3) = 0.
Proof.
intros H; destruct third as [z1 [z2 [z3 [Ez [Exz [Ezz F]]]]]].
set (s := E (x1 * x1 * x1) (x2 * x2 * x2) (x3 * x3 * x3)); set (k := E (x1 * x1 * z1) (x2 * x2 * z2) (x3 * x3 * z3)).
set (d := E (x1 * z1 * z1) (x2 * z2 * z2) (x3 * z3 * z3)); set (c := E (z1 * z1 * z1) (z2 * z2 * z2) (z3 * z3 * z3)).
set (b := E (y1 * x1) (y2 * x2) (y3 * x3)); set (g := E (y1 * z1) (y2 * z2) (y3 * z3)).
assert (XX := F (x1 * x1) (x2 * x2) (x3 * x3)); assert (XZ := F (x1 * z1) (x2 * z2) (x3 * z3));
  assert (ZZ := F (z1 * z1) (z2 * z2) (z3 * z3)); assert (Y := F y1 y2 y3); cbv zeta in XX, XZ, ZZ, Y.
rewrite Exx in XX; fold s k in XX; rewrite Exz in XZ; rewrite Ezz in ZZ; fold c in ZZ; rewrite Ey in Y; fold b g in Y.
replace (E (x1 * z1 * x1) (x2 * z2 * x2) (x3 * z3 * x3)) with k in XZ by (unfold k; ring); fold d in XZ.
replace (E (z1 * z1 * x1) (z2 * z2 * x2) (z3 * z3 * x3)) with d in ZZ by (unfold d; ring).
clear F.
assert (L : forall u1 u2 u3 u, u1 = at_point x1 z1 u -> u2 = at_point x2 z2 u -> u3 = at_point x3 z3 u ->
  E u1 u2 u3 = fst (fst u)).
{ intros u1 u2 u3 [[a a'] a''] -> -> ->; simpl.
  transitivity (a * (p1 + p2 + p3) + a' * E x1 x2 x3 + a'' * E z1 z2 z3); [ring|rewrite Mass, Ex, Ez; ring]. }
assert (M : forall j, (3 <= j <= 6)%nat -> fst (fst (in_basis s k d c b g j)) = 0).
{ intros j Hj; rewrite <- (H j Hj); symmetry; apply L; replace y1 with (b * x1 + g * z1) by lra;
    replace y2 with (b * x2 + g * z2) by lra; replace y3 with (b * x3 + g * z3) by lra; apply at_moment; lra || trivial. }
assert (Eb : b = 2 / 3 * s) by (generalize (M 3%nat ltac:(lia)); simpl; lra).
rewrite Eb in M; apply (no_cell_of_three s k d c g).
- assert (A1 : E (x1 * x1 * (z1 * z1)) (x2 * x2 * (z2 * z2)) (x3 * x3 * (z3 * z3)) = 1 + s * d + k * c).
  { rewrite (L _ _ _ (product s k d c (1, s, k) (1, d, c))); [simpl; ring| | | ];
      rewrite at_product with (s := s) (k := k) (d := d) (c := c) by lra; simpl; f_equal; lra. }
  assert (A2 : E (x1 * x1 * (z1 * z1)) (x2 * x2 * (z2 * z2)) (x3 * x3 * (z3 * z3)) = k ^ 2 + d ^ 2).
  { rewrite (L _ _ _ (product s k d c (0, k, d) (0, k, d))); [simpl; ring| | | ];
      rewrite at_product with (s := s) (k := k) (d := d) (c := c) by lra; simpl.
    - transitivity ((x1 * z1) * (x1 * z1)); [ring|f_equal; lra].
    - transitivity ((x2 * z2) * (x2 * z2)); [ring|f_equal; lra].
    - transitivity ((x3 * z3) * (x3 * z3)); [ring|f_equal; lra]. }
  lra.
- intros j Hj; apply M; lia.
Qed.
End Three.

Lemma three_atoms w1 w2 w3 x1 x2 x3 y1 y2 y3 : 0 < w1 -> 0 < w2 -> 0 < w3 ->
  (forall j, (1 <= j <= 6)%nat -> w1 * scaled j x1 y1 + w2 * scaled j x2 y2 + w3 * scaled j x3 y3 = 0) ->
  x1 = 0 /\ x2 = 0 /\ x3 = 0.
Proof.
intros W1 W2 W3 H; set (w := w1 + w2 + w3); assert (W : 0 < w) by (unfold w; lra).
set (v := (w1 * x1 ^ 2 + w2 * x2 ^ 2 + w3 * x3 ^ 2) / w).
assert (S1 := Rmult_le_pos _ _ (Rlt_le _ _ W1) (pow2_ge_0 x1)); assert (S2 := Rmult_le_pos _ _ (Rlt_le _ _ W2) (pow2_ge_0 x2));
  assert (S3 := Rmult_le_pos _ _ (Rlt_le _ _ W3) (pow2_ge_0 x3)).
assert (Ev : v * w = w1 * x1 ^ 2 + w2 * x2 ^ 2 + w3 * x3 ^ 2) by (unfold v; field; lra).
destruct (Rle_lt_dec v 0) as [V | V].
{ assert (v * w <= 0) by (generalize (Rmult_le_compat_r w v 0); lra).
  assert (Z : forall w x, 0 < w -> w * x ^ 2 = 0 -> x = 0).
  { intros w' x Hw Z; apply Rmult_integral in Z; destruct Z as [Z | Z]; [lra|]; apply Rsqr_0_uniq; now rewrite Rsqr_pow2. }
  repeat split; [apply (Z w1)|apply (Z w2)|apply (Z w3)]; trivial; lra. }
exfalso; set (r := sqrt v); assert (Hr : 0 < r) by (now apply sqrt_lt_R0).
assert (R2 : r ^ 2 = v) by (apply pow2_sqrt; lra).
assert (K : forall j, (1 <= j <= 6)%nat -> w1 / w * scaled j (x1 / r) (y1 / r ^ 2) + w2 / w * scaled j (x2 / r) (y2 / r ^ 2) +
  w3 / w * scaled j (x3 / r) (y3 / r ^ 2) = 0).
{ intros j Hj; rewrite !scaled_scale by (lia || lra).
  transitivity ((w1 * scaled j x1 y1 + w2 * scaled j x2 y2 + w3 * scaled j x3 y3) / (w * r ^ j));
    [field; split; [apply pow_nonzero; lra|lra]|rewrite H by trivial; unfold Rdiv; ring]. }
apply (three_standard (w1 / w) (w2 / w) (w3 / w) (x1 / r) (x2 / r) (x3 / r) (y1 / r ^ 2) (y2 / r ^ 2) (y3 / r ^ 2)).
1-3: now apply Rdiv_lt_0_compat.
- unfold w; field; unfold w in W; lra.
- exact (K 1%nat ltac:(lia)).
- transitivity (v * w / (w * r ^ 2)); [rewrite Ev; field; split; lra|rewrite R2; field; split; lra].
- exact (K 2%nat ltac:(lia)).
- intros j Hj; apply K; lia.
Qed.

Lemma not_solvable_3_6 : ~ solvable 3 6.
Proof.
intros [l [L [Hp [Hq H]]]]; do 3 (destruct l as [|[[? ?] ?] l]; [discriminate|]); destruct l; [|discriminate].
rewrite !Forall_cons_iff in Hp; destruct Hp as [P1 [P2 [P3 _]]].
rename r into p1, r0 into a1, r1 into c1, r2 into p2, r3 into a2, r4 into c2, r5 into p3, r6 into a3, r7 into c3.
assert (Q : forall p, p <> 0 -> 0 < p ^ 2) by (intros; rewrite <- Rsqr_pow2; now apply Rsqr_pos_lt).
destruct (three_atoms (p1 ^ 2) (p2 ^ 2) (p3 ^ 2) a1 a2 a3 (a1 ^ 2 + 2 * c1) (a2 ^ 2 + 2 * c2) (a3 ^ 2 + 2 * c3))
  as [Z1 [Z2 Z3]]; try (now apply Q).
- intros j Hj; specialize (H j Hj); cbn [map sum fold_right] in H; rewrite !moment_scaled in H by lia.
  apply Rmult_eq_reg_r with (/ INR (fact j)); [|apply Rinv_neq_0_compat, INR_fact_neq_0].
  rewrite Rmult_0_l, <- H; unfold Rdiv; ring.
- repeat (inversion Hq as [? ? K | ? ? K]; subst; [now apply K|clear Hq; rename K into Hq]); inversion Hq.
Qed.

Theorem order_of_three : order_three.
Proof. split; [exact not_solvable_3_6|intros r H; apply solvable_less with 5%nat; [lia|exact solvable_3_5]]. Qed.

(** * 3. The uniform lemma *)

(** ** Sizes of expressions *)

Lemma abs_plus a b A B : Rabs a <= A -> Rabs b <= B -> Rabs (a + b) <= A + B.
Proof. intros; apply Rle_trans with (1 := Rabs_triang a b); lra. Qed.
Lemma abs_minus a b A B : Rabs a <= A -> Rabs b <= B -> Rabs (a - b) <= A + B.
Proof. intros; apply abs_plus; [trivial|now rewrite Rabs_Ropp]. Qed.
Lemma abs_opp a A : Rabs a <= A -> Rabs (- a) <= A.
Proof. now rewrite Rabs_Ropp. Qed.
Lemma abs_mult a b A B : Rabs a <= A -> Rabs b <= B -> Rabs (a * b) <= A * B.
Proof. intros; rewrite Rabs_mult; apply Rmult_le_compat; trivial; apply Rabs_pos. Qed.
Lemma abs_pow a A n : Rabs a <= A -> Rabs (a ^ n) <= A ^ n.
Proof. intros; rewrite <- RPow_abs; apply pow_incr; split; [apply Rabs_pos|trivial]. Qed.
Lemma abs_number a : 0 <= a -> Rabs a <= a.
Proof. intros; rewrite Rabs_pos_eq; lra. Qed.
Lemma abs_pos a A : 0 <= a <= A -> Rabs a <= A.
Proof. intros; rewrite Rabs_pos_eq; lra. Qed.

Ltac size := match goal with
  | |- Rabs (_ + _) <= _ => eapply abs_plus; size
  | |- Rabs (_ - _) <= _ => eapply abs_minus; size
  | |- Rabs (- _) <= _ => eapply abs_opp; size
  | |- Rabs (_ * _) <= _ => eapply abs_mult; size
  | |- Rabs (_ / _) <= _ => eapply abs_mult; [size|apply abs_number; lra]
  | |- Rabs (_ ^ _) <= _ => eapply abs_pow; size
  | |- _ => first [eassumption | apply abs_number; lra]
  end.
Ltac at_most := eapply Rle_trans; [size|].

(** ** Two atoms *)

Lemma pow4_pos x : 0 <= x ^ 4.
Proof. replace (x ^ 4) with ((x ^ 2) ^ 2) by ring; apply pow2_ge_0. Qed.

Lemma two_offsets m k x1 x2 y1 y2 : 0 <= m <= 1 -> Rabs x1 <= 1 -> Rabs x2 <= 1 -> Rabs y1 <= 2 -> Rabs y2 <= 2 ->
  (forall j, (1 <= j <= 4)%nat -> Rabs (scaled j x1 y1 + m * scaled j x2 y2) <= k) ->
  (x1 ^ 4 + m * x2 ^ 4) <= 784 * k.
Proof.
intros Hm X1 X2 Y1 Y2 H; assert (H1 := H 1%nat ltac:(lia)); assert (H2 := H 2%nat ltac:(lia));
  assert (H3 := H 3%nat ltac:(lia)); assert (H4 := H 4%nat ltac:(lia)); clear H; unfold scaled in *.
assert (K : 0 <= k) by (apply Rle_trans with (2 := H1), Rabs_pos).
assert (M : Rabs m <= 1) by (now apply abs_pos).
set (X := - (m * x2)) in *; set (Y := - (m * y2)) in *.
assert (HX : Rabs X <= 1) by (unfold X; at_most; lra).
assert (HY : Rabs Y <= 2) by (unfold Y; at_most; lra).
set (e1 := x1 - X); set (e2 := y1 - Y).
assert (E1 : Rabs e1 <= k) by (unfold e1, X; now replace (x1 - - (m * x2)) with (x1 + m * x2) by ring).
assert (E2 : Rabs e2 <= k) by (unfold e2, Y; now replace (y1 - - (m * y2)) with (y1 + m * y2) by ring).
(* the moments of order 3 and 4 with x1 = X, y1 = Y *)
assert (B3 : Rabs (m * (1 + m) * (x2 * (3 * y2 - 2 * (1 - m) * x2 ^ 2))) <= 16 * k).
{ replace (m * (1 + m) * (x2 * (3 * y2 - 2 * (1 - m) * x2 ^ 2))) with
    (3 * x1 * y1 - 2 * x1 ^ 3 + m * (3 * x2 * y2 - 2 * x2 ^ 3) -
     3 * (e2 * x1 + e1 * Y) + 2 * (e1 * (x1 ^ 2 + x1 * X + X ^ 2))) by (unfold e1, e2, X, Y; ring).
  eapply Rle_trans; [apply abs_plus; [apply abs_minus; [exact H3|size]|size]|lra]. }
assert (B4 : Rabs (m * (1 + m) * (3 * y2 ^ 2 - 2 * (1 - m + m ^ 2) * x2 ^ 4)) <= 21 * k).
{ replace (m * (1 + m) * (3 * y2 ^ 2 - 2 * (1 - m + m ^ 2) * x2 ^ 4)) with
    (3 * y1 ^ 2 - 2 * x1 ^ 4 + m * (3 * y2 ^ 2 - 2 * x2 ^ 4) -
     3 * (e2 * (y1 + Y)) + 2 * (e1 * (x1 + X) * (x1 ^ 2 + X ^ 2))) by (unfold e1, e2, X, Y; ring).
  eapply Rle_trans; [apply abs_plus; [apply abs_minus; [exact H4|size]|size]|lra]. }
set (a := x2 ^ 2); assert (A : 0 <= a) by (apply pow2_ge_0).
set (f := 3 * y2 - 2 * (1 - m) * a); set (q := 3 * y2 ^ 2 - 2 * (1 - m + m ^ 2) * a ^ 2).
replace (x2 ^ 2) with a in B3 by reflexivity; fold f in B3.
replace (3 * y2 ^ 2 - 2 * (1 - m + m ^ 2) * x2 ^ 4) with q in B4 by (unfold q, a; ring).
assert (W : forall t B, Rabs (m * (1 + m) * t) <= B -> m * Rabs t <= B).
{ intros t B HB; rewrite !Rabs_mult, (Rabs_pos_eq m), (Rabs_pos_eq (1 + m)) in HB by lra.
  assert (0 <= m * Rabs t) by (apply Rmult_le_pos; [lra|apply Rabs_pos]).
  assert (0 <= m * m * Rabs t) by (apply Rmult_le_pos; [nra|apply Rabs_pos]); lra. }
apply W in B3; apply W in B4; rewrite Rabs_mult in B3.
assert (Z : m * a ^ 2 <= 80 * k).
{ destruct (Rle_lt_dec (a ^ 2 / 3) (Rabs q)) as [L | L].
  - apply Rle_trans with (3 * (m * Rabs q)); [|lra].
    assert (0 <= m * (Rabs q - a ^ 2 / 3)) by (apply Rmult_le_pos; lra); lra.
  - assert (F : a / 5 <= Rabs f).
    { destruct (Rle_lt_dec (a / 5) (Rabs f)) as [G | G]; [trivial|exfalso].
      assert (P : 0 < a) by (generalize (Rabs_pos f); lra).
      apply Rabs_def2 in L; apply Rabs_def2 in G.
      assert (Y3 : 3 * y2 ^ 2 <= 7 / 3 * a ^ 2) by (unfold q in L; assert (0 <= m * (1 - m)) by nra; nra).
      assert (Y4 : Rabs y2 <= a) by (apply Rabs_le; split; nra).
      assert (E : f * (3 * y2 + 2 * (1 - m) * a) = 3 * q + 2 * (1 + m + m ^ 2) * a ^ 2) by (unfold f, q; ring).
      assert (LB : a ^ 2 <= Rabs (f * (3 * y2 + 2 * (1 - m) * a))).
      { apply Rle_trans with (2 := Rle_abs _); rewrite E; assert (0 <= (m + m ^ 2) * a ^ 2) by (apply Rmult_le_pos; nra); lra. }
      assert (UB : Rabs (3 * y2 + 2 * (1 - m) * a) <= 5 * a).
      { assert (0 <= (1 - m) * a <= a) by nra; apply Rabs_le_between in Y4; apply Rabs_le; lra. }
      assert (G' : Rabs f < a / 5) by (apply Rabs_def1; lra).
      rewrite Rabs_mult in LB; assert (Rabs f * Rabs (3 * y2 + 2 * (1 - m) * a) < a / 5 * (5 * a)); [|lra].
      apply Rle_lt_trans with (Rabs f * (5 * a)); [apply Rmult_le_compat_l; [apply Rabs_pos|trivial]|].
      apply Rmult_lt_compat_r; lra. }
    assert (V : a = Rabs x2 * Rabs x2) by (unfold a; rewrite <- Rabs_mult, Rabs_pos_eq; [ring|nra]).
    assert (U : 0 <= Rabs x2) by apply Rabs_pos.
    assert (U' : m * (Rabs x2 * a) <= 80 * k).
    { assert (0 <= m * (Rabs x2 * (Rabs f - a / 5))) by (apply Rmult_le_pos; [lra|apply Rmult_le_pos; lra]); lra. }
    assert (U2 : a <= Rabs x2) by nra.
    assert (0 <= m * (a * (Rabs x2 - a))) by (apply Rmult_le_pos; [lra|apply Rmult_le_pos; lra]); lra. }
assert (Z' : m * x2 ^ 4 <= 80 * k) by (replace (x2 ^ 4) with (a ^ 2) by (unfold a; ring); trivial).
assert (S1 : x1 ^ 4 <= 8 * X ^ 4 + 8 * e1 ^ 4).
{ replace x1 with (X + e1) by (unfold e1; ring); generalize X e1; clear; intros u v.
  assert (0 <= (u ^ 2 - v ^ 2) ^ 2) by apply pow2_ge_0; assert (0 <= ((u - v) ^ 2) ^ 2) by apply pow2_ge_0.
  assert (0 <= (u - v) ^ 2 * (u ^ 2 + v ^ 2)) by (apply Rmult_le_pos; nra); nra. }
assert (S2 : X ^ 4 <= m * x2 ^ 4).
{ replace (X ^ 4) with (m ^ 4 * x2 ^ 4) by (unfold X; ring); apply Rmult_le_compat_r; [apply pow4_pos|].
  assert (m ^ 2 <= m) by nra; assert (0 <= m ^ 2) by nra; replace (m ^ 4) with (m ^ 2 * m ^ 2) by ring; nra. }
assert (S3 : e1 ^ 4 <= 8 * k).
{ assert (L2 : Rabs e1 <= 2) by (unfold e1; at_most; lra).
  apply Rle_trans with (1 := Rle_abs _); rewrite <- RPow_abs.
  replace (Rabs e1 ^ 4) with (Rabs e1 * Rabs e1 ^ 3) by ring.
  apply Rle_trans with (k * 2 ^ 3); [|lra]; apply Rmult_le_compat; [apply Rabs_pos|apply pow_le, Rabs_pos|trivial|].
  apply pow_incr; split; [apply Rabs_pos|trivial]. }
lra.
Qed.

Lemma rho_pos b n : 0 <= rho b n.
Proof. apply Rle_trans with (1 := Rabs_pos b), Rmax_l. Qed.

Lemma rho_bounds b n r : rho b n <= r -> Rabs b <= r /\ Rabs n <= r ^ 2.
Proof.
intros H; assert (B := Rle_trans _ _ _ (Rmax_l _ _) H); assert (N := Rle_trans _ _ _ (Rmax_r _ _) H); split; [trivial|].
rewrite <- (pow2_sqrt (Rabs n)) by apply Rabs_pos; apply pow_incr; split; [apply sqrt_pos|trivial].
Qed.

Lemma rho_power4 b n : rho b n ^ 4 <= b ^ 4 + n ^ 2.
Proof.
assert (N : sqrt (Rabs n) ^ 4 = n ^ 2).
{ replace (sqrt (Rabs n) ^ 4) with ((sqrt (Rabs n) ^ 2) ^ 2) by ring; rewrite pow2_sqrt by apply Rabs_pos; apply pow2_abs. }
assert (B : Rabs b ^ 4 = b ^ 4) by (replace (Rabs b ^ 4) with ((Rabs b ^ 2) ^ 2) by ring; rewrite pow2_abs; ring).
unfold rho, Rmax; destruct Rle_dec; rewrite ?N, ?B; generalize (pow4_pos b) (pow2_ge_0 n); lra.
Qed.

Lemma uniform_ordered p1 b1 n1 p2 b2 n2 k : 0 <= p2 <= p1 -> rho b1 n1 <= 1 -> rho b2 n2 <= 1 ->
  (forall j, (1 <= j <= 4)%nat -> Rabs (p1 * scaled j b1 (b1 ^ 2 + n1) + p2 * scaled j b2 (b2 ^ 2 + n2)) <= k) ->
  p1 * rho b1 n1 ^ 4 + p2 * rho b2 n2 ^ 4 <= 3398 * k.
Proof.
intros P R1 R2 H; assert (K : 0 <= k) by (apply Rle_trans with (2 := H 1%nat ltac:(lia)), Rabs_pos).
destruct (Req_dec p1 0) as [-> | N]; [replace p2 with 0 by lra; lra|].
destruct (rho_bounds _ _ _ R1) as [B1 N1]; destruct (rho_bounds _ _ _ R2) as [B2 N2].
set (m := p2 / p1); assert (E : p2 = p1 * m) by (unfold m; field; trivial).
assert (M : 0 <= m <= 1).
{ assert (I : 0 < / p1) by (apply Rinv_0_lt_compat; lra); unfold m, Rdiv; split; [apply Rmult_le_pos; lra|].
  rewrite <- (Rinv_r p1 N); apply Rmult_le_compat_r; lra. }
assert (S : forall j, (1 <= j <= 4)%nat -> Rabs (scaled j b1 (b1 ^ 2 + n1) + m * scaled j b2 (b2 ^ 2 + n2)) <= k / p1).
{ intros j Hj; apply Rmult_le_reg_l with p1; [lra|]; replace (p1 * (k / p1)) with k by (field; trivial).
  rewrite <- (Rabs_pos_eq p1) at 1 by lra; rewrite <- Rabs_mult; generalize (H j Hj); rewrite E.
  apply Rle_trans, Req_le; f_equal; ring. }
assert (Y1 : Rabs (b1 ^ 2 + n1) <= 2) by (at_most; lra); assert (Y2 : Rabs (b2 ^ 2 + n2) <= 2) by (at_most; lra).
assert (X := two_offsets m (k / p1) b1 b2 _ _ M B1 B2 Y1 Y2 S); specialize (S 4%nat ltac:(lia)).
apply Rabs_le_between in S; unfold scaled in S; assert (Q1 := rho_power4 b1 n1); assert (Q2 := rho_power4 b2 n2).
assert (T : forall b n, b ^ 4 + n ^ 2 <= 3 * b ^ 4 + 2 * (b ^ 2 + n) ^ 2).
{ intros b n; generalize (pow2_ge_0 (2 * b ^ 2 + n)); nra. }
assert (T1 := T b1 n1); assert (T2 := T b2 n2); clear T.
assert (Q2' : m * rho b2 n2 ^ 4 <= m * (3 * b2 ^ 4 + 2 * (b2 ^ 2 + n2) ^ 2)) by (apply Rmult_le_compat_l; lra).
apply Rle_trans with (p1 * (rho b1 n1 ^ 4 + m * rho b2 n2 ^ 4)); [rewrite E; lra|].
replace (3398 * k) with (p1 * (3398 * (k / p1))) by (field; trivial).
apply Rmult_le_compat_l; lra.
Qed.

Lemma scaled_moments p1 b1 n1 p2 b2 n2 K :
  (forall j, (1 <= j <= 4)%nat -> Rabs (moment_sum j [(p1, b1, n1); (p2, b2, n2)]) <= K) ->
  forall j, (1 <= j <= 4)%nat -> Rabs (p1 * scaled j b1 (b1 ^ 2 + n1) + p2 * scaled j b2 (b2 ^ 2 + n2)) <= 24 * K.
Proof.
intros H j Hj; assert (P : 0 <= K) by (apply Rle_trans with (2 := H j Hj), Rabs_pos).
assert (F : 0 < INR (fact j) <= 24) by (do 5 (destruct j as [|j]; [try lia; simpl; lra|]); lia).
apply Rle_trans with (INR (fact j) * K); [|apply Rmult_le_compat_r; lra].
replace (p1 * scaled j b1 (b1 ^ 2 + n1) + p2 * scaled j b2 (b2 ^ 2 + n2)) with
  (INR (fact j) * moment_sum j [(p1, b1, n1); (p2, b2, n2)]).
- rewrite Rabs_mult, (Rabs_pos_eq (INR (fact j))) by lra; apply Rmult_le_compat_l; [lra|now apply H].
- unfold moment_sum; cbn [map sum fold_right]; rewrite !moment_scaled by lia.
  replace (b1 ^ 2 + 2 * (n1 / 2)) with (b1 ^ 2 + n1) by field; replace (b2 ^ 2 + 2 * (n2 / 2)) with (b2 ^ 2 + n2) by field.
  field; lra.
Qed.

(** With its constant. *)
Lemma uniform_two_constant p1 b1 n1 p2 b2 n2 K : in_box [(p1, b1, n1); (p2, b2, n2)] ->
  (forall j, (1 <= j <= 4)%nat -> Rabs (moment_sum j [(p1, b1, n1); (p2, b2, n2)]) <= K) ->
  spread 4 [(p1, b1, n1); (p2, b2, n2)] <= 81552 * K.
Proof.
intros B H; assert (S := scaled_moments _ _ _ _ _ _ K H); clear H.
unfold in_box in B; rewrite !Forall_cons_iff in B; destruct B as [[P1 R1] [[P2 R2] _]].
unfold spread; cbn [map sum fold_right]; destruct (Rle_lt_dec p2 p1) as [L | L].
- generalize (uniform_ordered p1 b1 n1 p2 b2 n2 (24 * K) (conj P2 L) R1 R2 S); lra.
- generalize (uniform_ordered p2 b2 n2 p1 b1 n1 (24 * K) (conj P1 (Rlt_le _ _ L)) R2 R1); intros G.
  apply Rle_trans with (3398 * (24 * K)); [|lra]; rewrite Rplus_0_r, Rplus_comm; apply G.
  intros j Hj; rewrite Rplus_comm; now apply S.
Qed.

Theorem uniform_of_two : uniform_lemma.
Proof.
exists 81552; intros l K L; do 2 (destruct l as [|[[? ?] ?] l]; [discriminate|]); destruct l; [|discriminate].
apply uniform_two_constant.
Qed.

(** The nodes of Gauss and Hermite, of the size t. *)
Definition nodes (t : R) : list (R * R * R) := [(1, t, - t ^ 2); (1, - t, - t ^ 2)].

Lemma nodes_facts t : 0 < t <= 1 -> in_box (nodes t) /\ rho t (- t ^ 2) = t /\ rho (- t) (- t ^ 2) = t /\
  (forall j, (1 <= j <= 3)%nat -> moment_sum j (nodes t) = 0) /\ moment_sum 4 (nodes t) = - t ^ 4 / 6.
Proof.
intros H; assert (E : sqrt (Rabs (- t ^ 2)) = t).
{ rewrite Rabs_Ropp, Rabs_pos_eq by apply pow2_ge_0; apply sqrt_pow2; lra. }
assert (R1 : rho t (- t ^ 2) = t) by (unfold rho; rewrite E, Rabs_pos_eq, Rmax_left; lra).
assert (R2 : rho (- t) (- t ^ 2) = t) by (unfold rho; rewrite E, Rabs_Ropp, Rabs_pos_eq, Rmax_left; lra).
split; [unfold in_box, nodes; apply Forall_cons; [lra|apply Forall_cons; [lra|apply Forall_nil]]|].
split; [trivial|split; [trivial|split]].
- intros j Hj; do 4 (destruct j as [|j]; [try lia; unfold moment_sum, nodes, moment; simpl; field|]); lia.
- unfold moment_sum, nodes, moment; simpl; field.
Qed.

(** Three moments are not enough, and the exponent 3 is too small. *)
Theorem uniform_sharp : uniform_lemma_sharp.
Proof.
enough (~ uniform 2 3 4 /\ ~ uniform 2 4 3) by (unfold uniform_lemma_sharp; tauto); split; intros [C H].
- destruct (nodes_facts 1 ltac:(lra)) as [B [R1 [R2 [Z _]]]].
  assert (K := H (nodes 1) 0 eq_refl B); unfold spread, nodes in K; cbn [map sum fold_right] in K.
  rewrite R1, R2 in K; enough (1 * 1 ^ 4 + (1 * 1 ^ 4 + 0) <= C * 0) by lra; apply K.
  intros j Hj; rewrite Z, Rabs_R0 by trivial; lra.
- set (t := / (1 + Rabs C)); assert (A := Rabs_pos C); assert (P : 0 < t) by (apply Rinv_0_lt_compat; lra).
  assert (Q : t * (1 + Rabs C) = 1) by (unfold t; field; lra).
  assert (T : t <= 1) by nra.
  destruct (nodes_facts t (conj P T)) as [B [R1 [R2 [Z Z4]]]].
  assert (K := H (nodes t) (t ^ 4 / 6) eq_refl B); unfold spread, nodes in K; cbn [map sum fold_right] in K.
  rewrite R1, R2 in K.
  assert (L : 1 * t ^ 3 + (1 * t ^ 3 + 0) <= C * (t ^ 4 / 6)).
  { apply K; intros j Hj; assert (P4 : 0 < t ^ 4) by (now apply pow_lt).
    destruct (Nat.eq_dec j 4) as [-> | N]; [fold (nodes t); rewrite Z4|fold (nodes t); rewrite Z by lia; rewrite Rabs_R0; lra].
    rewrite Rabs_left; lra. }
  assert (P3 : 0 < t ^ 3) by (now apply pow_lt); assert (C <= Rabs C) by apply Rle_abs.
  assert (t * C <= 1) by nra; replace (C * (t ^ 4 / 6)) with (t ^ 3 * (t * C) / 6) in L by field; nra.
Qed.

Definition everything := (order_of_three, uniform_of_two, uniform_sharp).
Print Assumptions everything.
