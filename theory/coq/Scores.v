(** Scores: the derivatives of the log density of two atoms by all parameters, and which directions they hide (d = 1).

    Part 1 says what is proved; the other parts prove it, and their theorems are those statements. *)

From Coquelicot Require Import Coquelicot.
From Coq Require Import Reals List Lra Lia.
From Temperance Require Import Temperance Mixtures Twins.
Import ListNotations.
Open Scope R_scope.

(** * 1. Statements *)

(** Fact 1: normal densities of distinct (mean, variance), times polynomials, are independent. A polynomial is the list
    of its coefficients. *)
Definition polynomial (p : list R) (y : R) : R := fold_right (fun c r => c + y * r) 0 p.
Definition gaussians_independent : Prop := forall l : list (list R * (R * R)),
  Forall (fun '(p, (m, v)) => 0 < v) l -> NoDup (map snd l) ->
  (forall y, sum (map (fun '(p, (m, v)) => polynomial p y * normal y m v) l) = 0) ->
  Forall (fun '(p, _) => all_zero p) l.

(** ** Scores *)

(** The parameters of two atoms: the value of each, and the density as a function of it. The last one, beta1 of the
    second atom, is held at 0 in the anchored gauge; its beta0 is held at 0 in both. *)
Definition anchored_gauge s tau i j : list (R * (R -> R -> R -> R)) :=
  [(beta1 i, fun v => density s tau [Atom v (beta0 i) (slope i) (shift i) (nu i); j]);
   (beta0 i, fun v => density s tau [Atom (beta1 i) v (slope i) (shift i) (nu i); j]);
   (tau, fun v => density s v [i; j]);
   (slope i, fun v => density s tau [Atom (beta1 i) (beta0 i) v (shift i) (nu i); j]);
   (shift i, fun v => density s tau [Atom (beta1 i) (beta0 i) (slope i) v (nu i); j]);
   (nu i, fun v => density s tau [Atom (beta1 i) (beta0 i) (slope i) (shift i) v; j]);
   (slope j, fun v => density s tau [i; Atom (beta1 j) (beta0 j) v (shift j) (nu j)]);
   (shift j, fun v => density s tau [i; Atom (beta1 j) (beta0 j) (slope j) v (nu j)]);
   (nu j, fun v => density s tau [i; Atom (beta1 j) (beta0 j) (slope j) (shift j) v])].
Definition free_gauge s tau i j : list (R * (R -> R -> R -> R)) :=
  anchored_gauge s tau i j ++ [(beta1 j, fun v => density s tau [i; Atom v (beta0 j) (slope j) (shift j) (nu j)])].
Definition of_tau (c : list R) : R := nth 2 c 0.

(** The scores at (x, y): the derivatives of the log density by parameters. *)
Definition scores (parameters : list (R * (R -> R -> R -> R))) (x y : R) : list R :=
  map (fun '(value, f) => Derive (fun v => ln (f v x y)) value) parameters.
(** They exist where s has derivatives at beta1 x. *)
Definition scores_exist : Prop := forall s tau i j x y, 0 < tau -> 0 < nu i -> 0 < nu j ->
  ex_derive s (beta1 i * x) -> let exist := Forall (fun '(value, f) => ex_derive (fun v => ln (f v x y)) value) in
  0 < density s tau [i; j] x y /\ exist (anchored_gauge s tau i j) /\
  (ex_derive s (beta1 j * x) -> exist (free_gauge s tau i j)).

(** The combination c of the scores vanishes at all x of X and all y: to first order no observation tells a move of the
    parameters in the direction c. *)
Definition unseen (X : R -> Prop) parameters (c : list R) : Prop :=
  length c = length parameters /\ forall x y, X x -> dot c (scores parameters x y) = 0.

Definition truth tau i j : Prop := 0 < tau /\ 0 < nu i /\ 0 < nu j /\ beta0 j = 0 /\ expert_of i <> expert_of j.
Definition anchored_truth tau i j : Prop := truth tau i j /\ beta1 i <> 0 /\ beta1 j = 0.

(** The scores are independent, as functions of y and of the x with beta1 x in D: the Fisher information is not
    singular. tau: no direction that moves tau is unseen. *)
Definition regular D s : Prop := forall tau i j, anchored_truth tau i j ->
  forall c, unseen (fun x => D (beta1 i * x)) (anchored_gauge s tau i j) c -> all_zero c.
Definition tau_learnable D s : Prop := forall tau i j, anchored_truth tau i j ->
  forall c, unseen (fun x => D (beta1 i * x)) (anchored_gauge s tau i j) c -> of_tau c = 0.
(** And what is not. *)
Definition singular D s : Prop := forall tau i j, anchored_truth tau i j ->
  exists c, unseen (fun x => D (beta1 i * x)) (anchored_gauge s tau i j) c /\ ~ all_zero c.
Definition tau_lost D s : Prop := forall tau i j, anchored_truth tau i j ->
  exists c, unseen (fun x => D (beta1 i * x)) (anchored_gauge s tau i j) c /\ of_tau c <> 0.

(** No point of D is isolated. *)
Definition crowded (D : R -> Prop) : Prop := forall z (e : posreal), D z -> exists z', D z' /\ z' <> z /\ ball z e z'.

(** The first-order condition is what it takes. *)
Definition first_order_enough : Prop := forall D s, crowded D -> first_order D s -> regular D s.
Definition first_order_needed : Prop := forall D s, first_order_fails D s -> singular D s.
Definition relation_loses : Prop := forall D s d0 d1 d2, (forall z, D z -> ex_derive s z) ->
  (forall z, D z -> dot [d0; d1; d2] (at_point z (F1 s)) = 0) -> d1 <> 0 -> tau_lost D s.

(** A direction that is seen is seen on a box, at all its x of X and all its y: there the square of the combination,
    times the density, is at least e. So the information along c is positive, if the law of x gives a positive
    probability to every interval about a point of X. *)
Definition seen_on_a_box X s tau i j (c : list R) : Prop := exists x0 y0 (e d : posreal), X x0 /\
  forall x y, X x -> Rabs (x - x0) < d -> Rabs (y - y0) < d ->
  e <= dot c (scores (anchored_gauge s tau i j) x y) ^ 2 * density s tau [i; j] x y.
Definition information_positive : Prop := forall D s, crowded D -> first_order D s ->
  forall tau i j, anchored_truth tau i j -> forall c, length c = 9%nat -> ~ all_zero c ->
  seen_on_a_box (fun x => D (beta1 i * x)) s tau i j c.

(** With these s they are independent as soon as D holds all z near 0, but perhaps 0: with an anchored atom, *)
Definition regular_near_0 s : Prop := forall D, locally' 0 D -> regular D s.
(** and in the free gauge where beta1 of the two atoms have distinct sizes. *)
Definition free_regular_near_0 s : Prop := forall X tau i j, locally' 0 X -> truth tau i j ->
  Rabs (beta1 i) <> Rabs (beta1 j) -> forall c, unseen X (free_gauge s tau i j) c -> all_zero c.
Definition sigmoid (z : R) : R := 1 / (1 + exp (- z)).
Definition four_activations : Prop := Forall (fun s => regular_near_0 s /\ free_regular_near_0 s)
  [tanh; sigmoid; gelu; softplus].

(** tau is lost along the flow of scales: with the linear gate and ReLU, *)
Definition relu (z : R) : R := Rmax z 0.
Definition two_lost : Prop := tau_lost (fun z => True) (fun z => z) /\ tau_lost (fun z => z <> 0) relu.
Definition flow s : Prop := forall tau i j l, 0 < tau -> 0 < l -> beta1 j = 0 -> beta0 j = 0 ->
  one_density s tau [i; j] (l * tau) [regate i (l * beta1 i) (l * beta0 i); j].
(** and with every s, homogeneous or not, where the two atoms have one gate. *)
Definition hidden X s tau i j : Prop := exists c, unseen X (free_gauge s tau i j) c /\ of_tau c <> 0.
Definition one_gate_hides : Prop := forall X s tau i j, (forall x, X x -> ex_derive s (beta1 i * x)) ->
  truth tau i j -> beta1 j = beta1 i -> hidden X s tau i j.
(** Mirror points: tau is lost where the odd part of s is linear;
  beta1, along (1, 1), where its even part is constant. *)
Definition mirror_hides : Prop := forall X s q tau i j, (forall z, ex_derive s z) ->
  (forall z, s z - s (- z) = q * z) -> truth tau i j -> beta1 j = - beta1 i -> hidden X s tau i j.
Definition along_both : list R := [1; 0; 0; 0; 0; 0; 0; 0; 0; 1].
Definition odd_mirror_hides : Prop := forall X s tau i j, (forall z, ex_derive s z) ->
  (forall z, s z + s (- z) = 2 * s 0) -> truth tau i j -> beta1 j = - beta1 i ->
  unseen X (free_gauge s tau i j) along_both.
(** No hypothesis of [anchored_truth] is superfluous: of distinct experts, and of beta1 <> 0. *)
Definition equal_experts_hide : Prop := forall D s tau i j, (forall z, D z -> ex_derive s z) -> 0 < tau -> 0 < nu i ->
  expert_of i = expert_of j ->
  exists c, unseen (fun x => D (beta1 i * x)) (anchored_gauge s tau i j) c /\ of_tau c <> 0.
Definition zero_slope_hides : Prop := forall D s tau i j, (forall z, D z -> ex_derive s z) -> 0 < tau -> 0 < nu i ->
  0 < nu j -> beta1 i = 0 -> beta1 j = 0 -> beta0 j = 0 ->
  exists c, unseen (fun x => D (beta1 i * x)) (anchored_gauge s tau i j) c /\ of_tau c <> 0.

(** * 2. Fact 1 *)

Definition term_at (a : R * R * nat) (y : R) : R := y ^ snd a * normal_at (fst a) y.

Lemma power_below n : forall e, 0 < e -> exists C, 0 < C /\ forall y, 0 <= y -> y ^ n <= C * exp (e * y).
Proof.
induction n as [|n IH]; intros e He.
- exists 1; split; [lra|]; intros y Hy; simpl; assert (0 <= e * y) by (now apply Rmult_le_pos; [apply Rlt_le|]).
  generalize (exp_ineq1_le (e * y)); lra.
- destruct (IH (e / 2) ltac:(lra)) as [C [HC K]]; exists (2 / e * C); assert (0 < 2 / e) by (apply Rdiv_lt_0_compat;
  lra).
  split; [now apply Rmult_lt_0_compat|]; intros y Hy; simpl.
  replace (2 / e * C * exp (e * y)) with ((2 / e * exp (e / 2 * y)) * (C * exp (e / 2 * y)))
    by (replace (e * y) with (e / 2 * y + e / 2 * y) by field; rewrite exp_plus; ring).
  apply Rmult_le_compat; [trivial|now apply pow_le| |now apply K].
  apply Rmult_le_reg_l with (e / 2); [lra|];
  replace (e / 2 * (2 / e * exp (e / 2 * y))) with (exp (e / 2 * y)) by (field; lra).
  generalize (exp_ineq1_le (e / 2 * y)); lra.
Qed.

Lemma normal_shifted e m v y : 0 < v ->
  exp (e * y) * normal_at (m, v) y = exp (e * m + e ^ 2 * v / 2) * normal_at (m + e * v, v) y.
Proof.
intros Hv; unfold normal_at, normal, Rdiv; simpl fst; simpl snd; rewrite <- !Rmult_assoc, <- !exp_plus; do 2 f_equal.
field; lra.
Qed.

Lemma exceeds_shifted m v a : 0 < v -> exceeds (m, v) a -> exists e, 0 < e /\ exceeds (m + e * v, v) a.
Proof.
destruct a as [M V]; unfold exceeds; simpl; intros Hv [H | [H K]].
- exists 1; split; [lra|now left].
- exists ((M - m) / (2 * v)); split; [apply Rdiv_lt_0_compat; lra|right; split; [trivial|]].
  replace ((M - m) / (2 * v) * v) with ((M - m) / 2) by (field; lra); lra.
Qed.

Lemma normal_pos a y : 0 < snd a -> 0 < normal_at a y.
Proof. intros H; apply Rdiv_lt_0_compat; [apply exp_pos|now apply sqrt_square]. Qed.

Lemma by_bound (f g : R -> R) C : 0 <= C -> (forall y, 1 <= y -> 0 <= f y <= C * g y) ->
  filterlim g (Rbar_locally' p_infty) (locally 0) -> filterlim f (Rbar_locally' p_infty) (locally 0).
Proof.
intros HC H L; assert (K : filterlim (fun y => C * g y) (Rbar_locally' p_infty) (locally 0)).
{ replace 0 with (C * 0) by ring; apply (filterlim_comp_2 (G := locally C) (H := locally 0) (fun _ => C) g Rmult);
  [apply filterlim_const|trivial|apply (@filterlim_mult R_AbsRing C 0)]. }
apply (filterlim_le_le (F := Rbar_locally' p_infty) (fun _ => 0) f (fun y => C * g y) 0);
  [|apply filterlim_const|exact K].
exists 1; intros y Hy; apply H; lra.
Qed.

Lemma term_dominated a b : 0 < snd (fst a) -> 0 < snd (fst b) ->
  exceeds (fst a) (fst b) \/ fst a = fst b /\ (snd a < snd b)%nat -> dominated (Rbar_locally' p_infty) term_at a b.
Proof.
destruct a as [a j], b as [b k]; simpl fst; simpl snd; intros Ha Hb [H | [<- H]]; unfold dominated, term_at;
  simpl fst; simpl snd.
- destruct a as [m v]; simpl snd in Ha; destruct (exceeds_shifted m v b Ha H) as [e [He S]].
  destruct (power_below j e He) as [C [HC B]].
  apply (by_bound _ (fun y => normal_at (m + e * v, v) y / normal_at b y) (C * exp (e * m + e ^ 2 * v / 2))).
  + apply Rmult_le_pos; [lra|apply Rlt_le, exp_pos].
  + intros y Hy; assert (Na := normal_pos (m, v) y Ha); assert (Nb := normal_pos b y Hb).
    assert (Pj : 0 < y ^ j) by (apply pow_lt; lra); assert (Pk : 1 <= y ^ k) by (now apply pow_R1_Rle).
    split.
    { apply Rlt_le, Rdiv_lt_0_compat; apply Rmult_lt_0_compat; lra. }
    replace (C * exp (e * m + e ^ 2 * v / 2) * (normal_at (m + e * v, v) y / normal_at b y)) with
      (C * (exp (e * m + e ^ 2 * v / 2) * normal_at (m + e * v, v) y) * / normal_at b y) by (unfold Rdiv; ring).
    rewrite <- normal_shifted by trivial; unfold Rdiv; rewrite Rinv_mult, <- Rmult_assoc.
    apply Rmult_le_compat_r; [now apply Rlt_le, Rinv_0_lt_compat|].
    rewrite Rmult_assoc, (Rmult_comm (normal_at _ _)), <- Rmult_assoc, <- (Rmult_assoc C).
    apply Rmult_le_compat_r; [lra|]; apply Rle_trans with (y ^ j); [|apply B; lra].
    rewrite <- (Rmult_1_r (y ^ j)) at 2; apply Rmult_le_compat_l; [lra|].
    rewrite <- Rinv_1; apply Rinv_le_contravar; lra.
  + apply normal_dominated; trivial.
- apply (by_bound _ Rinv 1); [lra| |].
  + intros y Hy; assert (N := normal_pos a y Ha); assert (Pj : 0 < y ^ j) by (apply pow_lt; lra).
    assert (Pk : 1 <= y ^ (k - S j)) by (now apply pow_R1_Rle).
    replace k with (S j + (k - S j))%nat by lia; rewrite pow_add; simpl.
    replace (y ^ j * normal_at a y / (y * y ^ j * y ^ (k - S j) * normal_at a y)) with (/ y * / y ^ (k - S j))
      by (field; repeat split; lra).
    assert (0 < / y) by (apply Rinv_0_lt_compat; lra); assert (0 < / y ^ (k - S j)) by (apply Rinv_0_lt_compat; lra).
    split; [now apply Rlt_le, Rmult_lt_0_compat|rewrite Rmult_1_l].
    rewrite <- (Rmult_1_r (/ y)) at 2; apply Rmult_le_compat_l; [lra|]; rewrite <- Rinv_1; apply Rinv_le_contravar;
    lra.
  + exact (filterlim_Rbar_inv p_infty ltac:(easy)).
Qed.

Definition term_dec (a b : R * R * nat) : {a = b} + {a <> b}.
Proof. destruct a as [a j], b as [b k], (pair_dec a b), (PeanoNat.Nat.eq_dec j k); (left; congruence) || (right;
  congruence). Defined.

Theorem fact_1 l : Forall (fun a => 0 < snd (fst a)) (map snd l) -> (forall y, total_of term_at l y = 0) ->
  forall a, weight term_dec a l = 0.
Proof.
intros P Z; apply (no_relation (Rbar_locally' p_infty) term_at (fun a => 0 < snd (fst a)) term_dec); trivial.
- intros a Ha; exists 1; intros y Hy; apply Rgt_not_eq, Rmult_lt_0_compat; [apply pow_lt; lra|now apply normal_pos].
- intros [[m v] j] [[M V] k] Ha Hb N; simpl in Ha, Hb.
  destruct (Rtotal_order v V) as [L | [-> | L]]; [left; apply term_dominated; trivial; left; now left| |
    right; apply term_dominated; trivial; left; now left].
  destruct (Rtotal_order m M) as [L | [-> | L]]; [left; apply term_dominated; trivial; left; now right| |
    right; apply term_dominated; trivial; left; right; split; [|simpl; lra]; easy].
  destruct (PeanoNat.Nat.lt_total j k) as [L | [-> | L]]; [left|now destruct N|right]; apply term_dominated; auto.
- intros Q HQ; destruct (filter_ex _ HQ) as [y Hy]; now exists y.
Qed.

Fixpoint terms (n : nat) (p : list R) (a : R * R) : list (R * (R * R * nat)) :=
  match p with [] => [] | c :: p => (c, (a, n)) :: terms (S n) p a end.

Lemma total_of_terms p : forall n a y, total_of term_at (terms n p a) y = y ^ n * polynomial p y * normal_at a y.
Proof.
induction p as [|c p IH]; intros n a y; [unfold total_of, polynomial; simpl; ring|].
change (total_of term_at (terms n (c :: p) a) y) with (c * (y ^ n * normal_at a y) + total_of term_at (terms (S n) p
  a) y).
rewrite IH; change (polynomial (c :: p) y) with (c + y * polynomial p y); simpl pow; ring.
Qed.

Lemma total_of_app {T A : Type} (f : A -> T -> R) l k x : total_of f (l ++ k) x = total_of f l x + total_of f k x.
Proof. unfold total_of; now rewrite map_app, sum_app. Qed.

Lemma weight_app {A : Type} dec (a : A) l k : weight dec a (l ++ k) = weight dec a l + weight dec a k.
Proof. unfold weight; now rewrite map_app, sum_app. Qed.

Lemma weight_cons {A : Type} dec (a : A) w b l :
  weight dec a ((w, b) :: l) = (if dec b a then w else 0) + weight dec a l.
Proof. reflexivity. Qed.

Lemma weight_others p : forall n a b, fst b <> a -> weight term_dec b (terms n p a) = 0.
Proof.
induction p as [|c p IH]; intros n a b N; simpl terms; [reflexivity|].
rewrite weight_cons, IH by trivial; destruct (term_dec (a, n) b) as [<- | _]; [now destruct N|ring].
Qed.

Lemma weight_below p : forall n a k, (k < n)%nat -> weight term_dec (a, k) (terms n p a) = 0.
Proof.
induction p as [|c p IH]; intros n a k L; simpl terms; [reflexivity|].
rewrite weight_cons, IH by lia; destruct (term_dec (a, n) (a, k)) as [E | _]; [injection E; lia|ring].
Qed.

Lemma weight_terms p : forall n a, (forall k, weight term_dec (a, k) (terms n p a) = 0) -> all_zero p.
Proof.
induction p as [|c p IH]; intros n a H; constructor; simpl terms in H.
- specialize (H n); rewrite weight_cons, weight_below in H by lia; destruct (term_dec (a, n) (a, n)); [lra|easy].
- apply (IH (S n) a); intros k; specialize (H k); rewrite weight_cons in H.
  destruct (PeanoNat.Nat.eq_dec k n) as [-> | N]; [apply weight_below; lia|].
  destruct (term_dec (a, n) (a, k)) as [E | _]; [injection E; lia|lra].
Qed.

Theorem gaussians : gaussians_independent.
Proof.
intros l P N Z; set (all := flat_map (fun '(p, a) => terms 0 p a) l).
assert (W : forall a, weight term_dec a all = 0).
{ apply fact_1.
  - clear Z N; unfold all; induction P as [|[p [m v]] l Hv P IH]; simpl; [constructor|].
    rewrite map_app; apply Forall_app; split; [|exact IH]; clear IH; generalize 0%nat.
    induction p as [|c p IH]; intros n; simpl; constructor; trivial.
  - intros y; rewrite <- (Z y); clear P N Z; unfold all; induction l as [|[p [m v]] l IH]; [reflexivity|simpl].
    rewrite total_of_app, IH, total_of_terms; unfold normal_at; simpl; ring. }
clear P Z; unfold all in W; clear all; induction l as [|[p a] l IH]; [constructor|].
inversion N as [|? ? Na Nl]; subst; simpl in W, Na.
assert (O : forall k, weight term_dec (a, k) (flat_map (fun '(p, a) => terms 0 p a) l) = 0).
{ intros k; clear W IH N Nl; induction l as [|[q b] l IH]; [reflexivity|]; simpl in *; rewrite weight_app, IH by tauto.
  rewrite weight_others by (simpl; intuition); ring. }
assert (Zp : all_zero p) by (apply (weight_terms p 0 a); intros k; specialize (W (a, k)); rewrite weight_app, O in W;
  lra).
constructor; [trivial|apply IH; trivial]; intros b; specialize (W b); rewrite weight_app in W.
enough (weight term_dec b (terms 0 p a) = 0) by lra; clear - Zp; generalize 0%nat.
induction Zp as [|c p Hc Zp IH]; intros n; simpl terms; [reflexivity|]; rewrite weight_cons, IH, Hc.
destruct (term_dec (a, n) b); ring.
Qed.

(** * 3. Scores *)

Lemma log_mixture (A B M N : R -> R) v a b m n : is_derive A v a -> is_derive B v b -> is_derive M v m ->
  is_derive N v n -> 0 < M v -> 0 < N v ->
  is_derive (fun v => ln ((exp (A v) * M v + (exp (B v) * N v + 0)) / (exp (A v) + (exp (B v) + 0)))) v
  ((exp (A v) * exp (B v) * (M v - N v) / (exp (A v) + exp (B v)) * (a - b) + exp (A v) * m + exp (B v) * n) /
   (exp (A v) * M v + exp (B v) * N v)).
Proof.
intros HA HB HM HN PM PN.
assert (P := exp_pos (A v)); assert (Q := exp_pos (B v)).
assert (P1 := Rmult_lt_0_compat _ _ P PM); assert (Q1 := Rmult_lt_0_compat _ _ Q PN).
auto_derive.
- repeat split; try (now eexists; eassumption); try lra; apply Rdiv_lt_0_compat; lra.
- assert (EA := is_derive_unique _ _ _ HA); assert (EB := is_derive_unique _ _ _ HB);
  assert (EM := is_derive_unique _ _ _ HM); assert (EN := is_derive_unique _ _ _ HN).
  change (Derive (fun v => A v) v = a) in EA; change (Derive (fun v => B v) v = b) in EB;
  change (Derive (fun v => M v) v = m) in EM; change (Derive (fun v => N v) v = n) in EN.
  rewrite EA, EB, EM, EN; field; repeat split; lra.
Qed.

Section Formulas.
Variables (s : R -> R) (tau : R) (i j : atom) (x y : R).
Definition whole := mass s tau x i * expert x y i + mass s tau x j * expert x y j.
Definition of_gate := mass s tau x i * mass s tau x j * (expert x y i - expert x y j) / (mass s tau x i + mass s tau
  x j).
Definition of_expert (k : atom) := let r := y - (slope k * x + shift k) in
  [x * (r / nu k); r / nu k; (r ^ 2 / nu k - 1) / (2 * nu k)].
Definition formulas : list R :=
  map (fun d => d * of_gate / whole) [x * Derive s (beta1 i * x) / tau; 1 / tau;
    - (s (beta1 i * x) + beta0 i - (s (beta1 j * x) + beta0 j)) / tau ^ 2] ++
  map (fun d => d * (mass s tau x i * expert x y i) / whole) (of_expert i) ++
  map (fun d => d * (mass s tau x j * expert x y j) / whole) (of_expert j).
Definition last_formula : R := - (x * Derive s (beta1 j * x) / tau) * of_gate / whole.
End Formulas.

Lemma normal_slope x y a b v : 0 < v ->
  is_derive (fun q => normal y (q * x + b) v) a (x * ((y - (a * x + b)) / v) * normal y (a * x + b) v).
Proof.
intros H; destruct (sqrt_square v H); unfold normal, Rdiv, Rminus; auto_derive; [trivial|simpl; field; lra].
Qed.

Lemma normal_shift x y a b v : 0 < v ->
  is_derive (fun c => normal y (a * x + c) v) b ((y - (a * x + b)) / v * normal y (a * x + b) v).
Proof.
intros H; destruct (sqrt_square v H); unfold normal, Rdiv, Rminus; auto_derive; [trivial|simpl; field; lra].
Qed.

Lemma normal_variance y m v : 0 < v ->
  is_derive (fun v => normal y m v) v (((y - m) ^ 2 / v - 1) / (2 * v) * normal y m v).
Proof.
intros H; apply is_derive_ext with (fun v => u m y 0 1 1 0 v);
  [intros w; unfold u; rewrite Rmult_0_l, Rdiv_0_l, exp_0, Rmult_1_l; f_equal; ring|].
replace (normal y m v) with (u m y 0 1 1 0 v)
  by (unfold u; rewrite Rmult_0_l, Rdiv_0_l, exp_0, Rmult_1_l; f_equal; ring).
replace ((y - m) ^ 2) with ((y - (1 * m + 0)) ^ 2) by ring; now apply u_nu.
Qed.

Lemma expert_pos x y i : 0 < nu i -> 0 < expert x y i.
Proof. intros H; exact (normal_pos (slope i * x + shift i, nu i) y H). Qed.


Lemma is_derive_at (f : R -> R) (v d d' : R) : is_derive f v d -> d = d' -> is_derive f v d'.
Proof. now intros H <-. Qed.

Section Derivatives.
Variables (s : R -> R) (tau : R) (i j : atom) (x y : R).
Hypotheses (Ht : 0 < tau) (Hi : 0 < nu i) (Hj : 0 < nu j).
Let A p q t := (s (p * x) + q) / t.
Let M a b v := normal y (a * x + b) v.
Let score (v : R) (f : R -> R -> R -> R) (d : R) : Prop := is_derive (fun v => ln (f v x y)) v d.

Lemma whole_pos : 0 < whole s tau i j x y.
Proof.
apply Rplus_lt_0_compat; apply Rmult_lt_0_compat; try apply mass_pos; now apply expert_pos.
Qed.

Lemma score_of (A' B' M' N' : R -> R) (v a b m n d : R) :
  is_derive A' v a -> is_derive B' v b -> is_derive M' v m -> is_derive N' v n ->
  A' v = A (beta1 i) (beta0 i) tau -> B' v = A (beta1 j) (beta0 j) tau -> M' v = expert x y i -> N' v = expert x y j ->
  d = (of_gate s tau i j x y * (a - b) + mass s tau x i * m + mass s tau x j * n) / whole s tau i j x y ->
  is_derive (fun v => ln ((exp (A' v) * M' v + (exp (B' v) * N' v + 0)) / (exp (A' v) + (exp (B' v) + 0)))) v d.
Proof.
intros HA HB HM HN EA EB EM EN ->; assert (K := log_mixture _ _ _ _ _ _ _ _ _ HA HB HM HN).
rewrite EA, EB, EM, EN in K; exact (K (expert_pos x y i Hi) (expert_pos x y j Hj)).
Qed.

Lemma is_derive_A p q t : ex_derive s (p * x) -> is_derive (fun p => A p q t) p (x * Derive s (p * x) / t).
Proof.
intros H; unfold A; auto_derive; [trivial|]; change (fun x => s x) with s; unfold Rdiv; ring.
Qed.

Theorem anchored_scores : ex_derive s (beta1 i * x) ->
  Forall2 (fun '(v, f) d => score v f d) (anchored_gauge s tau i j) (formulas s tau i j x y).
Proof.
intros Hs; assert (W := whole_pos); unfold score.
assert (EM : forall k, expert x y k = M (slope k) (shift k) (nu k)) by reflexivity.
assert (C : forall k v : R, is_derive (fun _ => k) v 0) by (intros; apply @is_derive_const).
assert (A2 : is_derive (fun q => A (beta1 i) q tau) (beta0 i) (1 / tau)).
{ unfold A; auto_derive; [trivial|unfold Rdiv; ring]. }
assert (A3 : forall k, is_derive (fun t => A (beta1 k) (beta0 k) t) tau (- (s (beta1 k * x) + beta0 k) / tau ^ 2)).
{ intros k; unfold A; auto_derive; [lra|field; lra]. }
unfold anchored_gauge, formulas, of_expert; cbn [map app].
set (a := A (beta1 i) (beta0 i) tau); set (b := A (beta1 j) (beta0 j) tau).
set (m := expert x y i); set (n := expert x y j).
repeat apply Forall2_cons; try apply Forall2_nil.
- refine (score_of _ (fun _ => b) (fun _ => m) (fun _ => n) _ _ _ _ _ _ (is_derive_A _ (beta0 i) tau Hs) (C _ _) (C _
  _)
    (C _ _) eq_refl eq_refl eq_refl eq_refl _); field; lra.
- refine (score_of _ (fun _ => b) (fun _ => m) (fun _ => n) _ _ _ _ _ _ A2 (C _ _) (C _ _) (C _ _) eq_refl eq_refl
  eq_refl
    eq_refl _); field; lra.
- refine (score_of _ _ (fun _ => m) (fun _ => n) _ _ _ _ _ _ (A3 i) (A3 j) (C _ _) (C _ _) eq_refl eq_refl eq_refl
  eq_refl
    _); field; lra.
- refine (score_of (fun _ => a) (fun _ => b) _ (fun _ => n) _ _ _ _ _ _ (C _ _) (C _ _)
    (normal_slope x y _ (shift i) _ Hi) (C _ _) eq_refl eq_refl eq_refl eq_refl _).
  fold (M (slope i) (shift i) (nu i)); rewrite <- EM; unfold m; field; lra.
- refine (score_of (fun _ => a) (fun _ => b) _ (fun _ => n) _ _ _ _ _ _ (C _ _) (C _ _)
    (normal_shift x y (slope i) _ _ Hi) (C _ _) eq_refl eq_refl eq_refl eq_refl _).
  fold (M (slope i) (shift i) (nu i)); rewrite <- EM; unfold m; field; lra.
- refine (score_of (fun _ => a) (fun _ => b) _ (fun _ => n) _ _ _ _ _ _ (C _ _) (C _ _)
    (normal_variance y (slope i * x + shift i) _ Hi) (C _ _) eq_refl eq_refl eq_refl eq_refl _).
  fold (M (slope i) (shift i) (nu i)); rewrite <- EM; unfold m; field; lra.
- refine (score_of (fun _ => a) (fun _ => b) (fun _ => m) _ _ _ _ _ _ _ (C _ _) (C _ _) (C _ _)
    (normal_slope x y _ (shift j) _ Hj) eq_refl eq_refl eq_refl eq_refl _).
  fold (M (slope j) (shift j) (nu j)); rewrite <- EM; unfold n; field; lra.
- refine (score_of (fun _ => a) (fun _ => b) (fun _ => m) _ _ _ _ _ _ _ (C _ _) (C _ _) (C _ _)
    (normal_shift x y (slope j) _ _ Hj) eq_refl eq_refl eq_refl eq_refl _).
  fold (M (slope j) (shift j) (nu j)); rewrite <- EM; unfold n; field; lra.
- refine (score_of (fun _ => a) (fun _ => b) (fun _ => m) _ _ _ _ _ _ _ (C _ _) (C _ _) (C _ _)
    (normal_variance y (slope j * x + shift j) _ Hj) eq_refl eq_refl eq_refl eq_refl _).
  fold (M (slope j) (shift j) (nu j)); rewrite <- EM; unfold n; field; lra.
Qed.

Theorem free_scores : ex_derive s (beta1 i * x) -> ex_derive s (beta1 j * x) ->
  Forall2 (fun '(v,
  f) d => score v f d) (free_gauge s tau i j) (formulas s tau i j x y ++ [last_formula s tau i j x y]).
Proof.
intros Hs Hs'; apply Forall2_app; [now apply anchored_scores|constructor; [|constructor]]; assert (W := whole_pos).
assert (C : forall k v : R, is_derive (fun _ => k) v 0) by (intros; apply @is_derive_const).
refine (score_of (fun _ => A (beta1 i) (beta0 i) tau) _ (fun _ => expert x y i) (fun _ => expert x y j) _ _ _ _ _ _
  (C _ _) (is_derive_A _ (beta0 j) tau Hs') (C _ _) (C _ _) eq_refl eq_refl eq_refl eq_refl _).
unfold last_formula; field; lra.
Qed.

Lemma derivatives_exist parameters values : Forall2 (fun '(v, f) d => score v f d) parameters values ->
  Forall (fun '(value, f) => ex_derive (fun v => ln (f v x y)) value) parameters.
Proof. intros H; induction H as [|[v f] d l l' H _ IH]; constructor; [now exists d|trivial]. Qed.

Lemma scores_by parameters values : Forall2 (fun '(v, f) d => score v f d) parameters values ->
  scores parameters x y = values.
Proof.
intros H; unfold scores; induction H as [|[v f] d l l' H _ IH]; simpl; [reflexivity|].
rewrite IH; f_equal; now apply is_derive_unique.
Qed.
End Derivatives.

Theorem exist : scores_exist.
Proof.
intros s tau i j x y Ht Hi Hj Hs E; unfold E; clear E; split; [|split; [|intros Hs']].
- rewrite density_shares; simpl; assert (P := normal_pos (key x i) y Hi); assert (Q := normal_pos (key x j) y Hj).
  assert (A := share_pos s tau [i; j] x i (or_introl eq_refl)).
  assert (B := share_pos s tau [i; j] x j (or_intror (or_introl eq_refl))).
  generalize (Rmult_lt_0_compat _ _ A P) (Rmult_lt_0_compat _ _ B Q); lra.
- exact (derivatives_exist x y _ _ (anchored_scores s tau i j x y Ht Hi Hj Hs)).
- exact (derivatives_exist x y _ _ (free_scores s tau i j x y Ht Hi Hj Hs Hs')).
Qed.

(** * 4. What a relation among the scores says at one x *)

Section AtOneX.
Variables (s : R -> R) (tau : R) (i j : atom) (x : R) (c1 c2 c3 c4 c5 c6 c7 c8 c9 c10 : R).
Hypotheses (Ht : 0 < tau) (Hi : 0 < nu i) (Hj : 0 < nu j).
Definition of_gates := c1 * (x * Derive s (beta1 i * x) / tau) + c2 * (1 / tau) +
  c3 * (- (s (beta1 i * x) + beta0 i - (s (beta1 j * x) + beta0 j)) / tau ^ 2).
Definition of_last := c10 * (x * Derive s (beta1 j * x) / tau).

(** A combination of the scores; G is the part of the gate. *)
Definition combined G y := (G * of_gate s tau i j x y +
   dot [c4; c5; c6] (of_expert x y i) * (mass s tau x i * expert x y i) +
   dot [c7; c8; c9] (of_expert x y j) * (mass s tau x j * expert x y j)) / whole s tau i j x y.

Lemma dot_anchored y : ex_derive s (beta1 i * x) ->
  dot [c1; c2; c3; c4; c5; c6; c7; c8; c9] (scores (anchored_gauge s tau i j) x y) = combined of_gates y.
Proof.
intros H; rewrite (scores_by x y _ _ (anchored_scores s tau i j x y Ht Hi Hj H)).
unfold combined, of_gates, formulas, of_expert; cbn [map app dot]; unfold Rdiv; ring.
Qed.

Lemma dot_free y : ex_derive s (beta1 i * x) -> ex_derive s (beta1 j * x) ->
  dot [c1; c2; c3; c4; c5; c6; c7; c8; c9; c10] (scores (free_gauge s tau i j) x y) = combined (of_gates - of_last) y.
Proof.
intros H H'; rewrite (scores_by x y _ _ (free_scores s tau i j x y Ht Hi Hj H H')).
unfold combined, of_gates, of_last, formulas, last_formula, of_expert; cbn [map app dot]; unfold Rdiv; ring.
Qed.

(** The polynomial that the normal density of an expert is multiplied by. *)
Definition factor (k : atom) (G p q r : R) : list R := let m := slope k * x + shift k in
  [G - (p * x + q) * m / nu k + r * (m ^ 2 / nu k - 1) / (2 * nu k); (p * x + q) / nu k - r * m / nu k ^ 2;
   r / (2 * nu k ^ 2)].

Lemma factor_is k G p q r y : 0 < nu k ->
  polynomial (factor k G p q r) y = G + dot [p; q; r] (of_expert x y k).
Proof. intros H; unfold factor, of_expert; simpl; field; lra. Qed.

Lemma factor_zero k G p q r : 0 < nu k -> all_zero (factor k G p q r) -> G = 0 /\ p * x + q = 0 /\ r = 0.
Proof.
intros H Z; unfold factor in Z; set (m := slope k * x + shift k) in *.
inversion Z as [|? ? Z0 Z']; subst; inversion Z' as [|? ? Z1 Z'']; subst; inversion Z'' as [|? ? Z2 _]; subst.
assert (r = 0).
{ apply Rmult_eq_reg_r with (/ (2 * nu k ^ 2)); [rewrite Rmult_0_l; exact Z2|].
  apply Rinv_neq_0_compat, Rgt_not_eq, Rmult_lt_0_compat; [lra|apply pow_lt; lra]. }
subst r; assert (p * x + q = 0).
{ apply Rmult_eq_reg_r with (/ nu k); [|apply Rinv_neq_0_compat; lra]; rewrite Rmult_0_l.
  unfold Rdiv in Z1; rewrite !Rmult_0_l, Rminus_0_r in Z1; exact Z1. }
split; [|now split]; rewrite H0 in Z0; unfold Rdiv in Z0; lra.
Qed.


Lemma at_one_x G : key x i <> key x j -> (forall y, combined G y = 0) ->
  G = 0 /\ (c4 * x + c5 = 0 /\ c6 = 0) /\ c7 * x + c8 = 0 /\ c9 = 0.
Proof.
intros K Z; set (E := mass s tau x i); set (E' := mass s tau x j).
assert (P : 0 < E) by apply mass_pos; assert (P' : 0 < E') by apply mass_pos.
set (k := / (E + E')); assert (Pk : 0 < k) by (apply Rinv_0_lt_compat; lra).
set (p := map (Rmult E) (factor i (E' * k * G) c4 c5 c6)).
set (q := map (Rmult E') (factor j (- (E * k * G)) c7 c8 c9)).
assert (S : forall a r y, polynomial (map (Rmult a) r) y = a * polynomial r y).
{ intros a r y; induction r as [|b r IH]; simpl; [ring|rewrite IH; ring]. }
assert (U : forall a r, 0 < a -> all_zero (map (Rmult a) r) -> all_zero r).
{ intros a r Ha; unfold all_zero; rewrite Forall_map; apply Forall_impl; intros b Hb.
  apply Rmult_integral in Hb; destruct Hb; [lra|trivial]. }
assert (V : Forall (fun '(p, _) => all_zero p) [(p, key x i); (q, key x j)]).
{ apply gaussians.
  - now repeat constructor.
  - constructor; [|constructor; [easy|constructor]]; intros [H | []]; now apply K.
  - intros y; unfold key; cbn [map sum fold_right]; unfold p, q; rewrite !S, !factor_is by trivial.
    specialize (Z y); unfold combined in Z; assert (Q := whole_pos s tau i j x y Hi Hj).
    apply Rmult_integral in Z; destruct Z as [Z | Z]; [|apply Rinv_neq_0_compat in Z; lra].
    apply eq_trans with (2 := Z); unfold of_gate; fold E E'; unfold Rdiv; fold k; unfold expert; ring. }
inversion V as [|? ? Vp V']; subst; inversion V' as [|? ? Vq _]; subst.
apply U, factor_zero in Vp; trivial; apply U, factor_zero in Vq; trivial; destruct Vp as [Z0 [Vp Vr]].
split; [|tauto]; apply Rmult_integral in Z0; destruct Z0 as [Z0 | Z0]; [|trivial].
assert (0 < E' * k) by (now apply Rmult_lt_0_compat); lra.
Qed.
End AtOneX.

Lemma crossing i j : expert_of i <> expert_of j -> exists x0, forall x, x <> x0 -> key x i <> key x j.
Proof.
intros N; exists ((shift j - shift i) / (slope i - slope j)); intros x Hx K; unfold key in K; injection K as E V.
apply N; unfold expert_of; destruct (Req_dec (slope i) (slope j)) as [S | S].
- rewrite S in E |- *; rewrite V; do 2 f_equal; lra.
- destruct Hx; apply Rmult_eq_reg_r with (slope i - slope j); [|lra]; unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra.
Qed.

Lemma line_zero p q u v : u <> v -> p * u + q = 0 -> p * v + q = 0 -> p = 0 /\ q = 0.
Proof.
intros N U V; assert (H : p * (u - v) = 0) by lra; apply Rmult_integral in H; destruct H as [-> | H]; split; lra.
Qed.

(** What of a relation is about the experts, where it holds at two x off the crossing. *)
Lemma experts_zero s tau i j c4 c5 c6 c7 c8 c9 (X : R -> Prop) (G : R -> R) x0 : 0 < nu i -> 0 < nu j ->
  (forall x, x <> x0 -> key x i <> key x j) ->
  (forall x, X x -> forall y, combined s tau i j x c4 c5 c6 c7 c8 c9 (G x) y = 0) ->
  (exists x1 x2, X x1 /\ X x2 /\ x1 <> x0 /\ x2 <> x0 /\ x1 <> x2) ->
  all_zero [c4; c5; c6; c7; c8; c9] /\ forall x, X x -> x <> x0 -> G x = 0.
Proof.
intros Hi Hj K Z [x1 [x2 [H1 [H2 [N1 [N2 N]]]]]].
assert (A : forall x, X x -> x <> x0 -> G x = 0 /\ (c4 * x + c5 = 0 /\ c6 = 0) /\ c7 * x + c8 = 0 /\ c9 = 0).
{ intros x Hx Nx; apply (at_one_x s tau i j x c4 c5 c6 c7 c8 c9 Hi Hj); [now apply K|now apply Z]. }
split; [|intros; now apply A].
destruct (A x1 H1 N1) as [_ [[P1 ->] [P2 ->]]]; destruct (A x2 H2 N2) as [_ [[Q1 _] [Q2 _]]].
destruct (line_zero _ _ _ _ N P1 Q1) as [-> ->]; destruct (line_zero _ _ _ _ N P2 Q2) as [-> ->].
repeat constructor.
Qed.

(** * 5. The first-order condition is enough *)

(** A relation of F1 that holds on D but for one point holds there too. *)
Lemma but_for_one D s d z0 : crowded D -> smooth D s -> length d = 3%nat ->
  (forall z, D z -> z <> z0 -> dot d (at_point z (F1 s)) = 0) -> forall z, D z -> dot d (at_point z (F1 s)) = 0.
Proof.
intros C [_ S] L H z Hz; destruct (Req_dec z z0) as [-> | N]; [|now apply H].
destruct d as [|d0 [|d1 [|d2 [|]]]]; try discriminate; set (f := fun z => d0 + d1 * s z + d2 * (z * Derive s z)).
assert (E : forall z, dot [d0; d1; d2] (at_point z (F1 s)) = f z) by (intros w; unfold f; simpl; ring).
rewrite E; destruct (S z0 Hz) as [S1 S2].
assert (K : continuous f z0).
{ assert (Cs : continuous s z0) by (now apply (ex_derive_continuous s)).
  assert (Cs' : continuous (Derive s) z0) by (now apply (ex_derive_continuous (Derive s))).
  apply (continuous_plus (fun z => d0 + d1 * s z) (fun z => d2 * (z * Derive s z))).
  - apply (continuous_plus (fun _ => d0) (fun z => d1 * s z)); [apply continuous_const|].
    apply (continuous_scal_r d1 s); trivial.
  - apply (continuous_scal_r d2 (fun z => z * Derive s z)).
    apply (continuous_mult (fun z => z) (Derive s)); [apply continuous_id|trivial]. }
destruct (Req_dec (f z0) 0) as [Z | Z]; [trivial|exfalso].
assert (P : locally (f z0) (fun v => v <> 0)) by (now apply locally_neq).
destruct (K _ P) as [e He]; destruct (C z0 e Hz) as [z' [Hz' [N B]]]; apply (He z' B); rewrite <- E; now apply H.
Qed.

Lemma two_points D z0 : (exists z, D z) -> crowded D -> exists z1 z2, D z1 /\ D z2 /\ z1 <> z0 /\ z2 <> z0 /\ z1 <> z2.
Proof.
intros [z Hz] C.
assert (X : exists z1, D z1 /\ z1 <> z0).
{ destruct (Req_dec z z0) as [-> | N]; [|now exists z].
  destruct (C z0 (mkposreal 1 Rlt_0_1) Hz) as [z' [H' [N _]]]; now exists z'. }
destruct X as [z1 [H1 N1]]; assert (P : 0 < Rabs (z0 - z1)) by (apply Rabs_pos_lt; lra).
destruct (C z1 (mkposreal _ P) H1) as [z2 [H2 [N2 B]]]; exists z1, z2; repeat split; trivial; [|congruence].
intros E; rewrite E in B; revert B; unfold ball; simpl; unfold AbsRing_ball, abs, minus, plus, opp; simpl.
replace (z0 + - z1) with (z0 - z1) by ring; apply Rlt_irrefl.
Qed.

Lemma divided b D : b <> 0 -> (exists z, D z) -> crowded D -> (exists x, D (b * x)) /\ crowded (fun x => D (b * x)).
Proof.
intros Hb [z Hz] C; split; [exists (z / b); now replace (b * (z / b)) with z by (field; trivial)|].
intros x e Hx; assert (Pb := Rabs_pos_lt b Hb); assert (P : 0 < Rabs b * e) by (apply Rmult_lt_0_compat;
  [trivial|apply cond_pos]).
destruct (C _ (mkposreal _ P) Hx) as [z' [H' [N B]]]; exists (z' / b).
split; [now replace (b * (z' / b)) with z' by (field; trivial)|split].
- intros E; apply N; rewrite <- E; field; trivial.
- revert B; unfold ball; simpl; unfold AbsRing_ball, abs, minus, plus, opp; simpl; intros B.
  apply Rmult_lt_reg_l with (Rabs b); [trivial|]; rewrite <- Rabs_mult.
  now replace (b * (z' / b + - x)) with (z' + - (b * x)) by (field; trivial).
Qed.

Theorem first_order_is_enough : first_order_enough.
Proof.
intros D s C [S H] tau i j [[Ht [Hi [Hj [B0 Hx]]]] [Hb B1]] c [L Z].
destruct c as [|c1 [|c2 [|c3 [|c4 [|c5 [|c6 [|c7 [|c8 [|c9 [|]]]]]]]]]]; try discriminate; clear L.
destruct (crossing i j Hx) as [x0 K]; destruct (divided _ D Hb (proj1 S) C) as [X1 X2].
destruct (experts_zero s tau i j c4 c5 c6 c7 c8 c9 (fun x => D (beta1 i * x)) (fun x => of_gates s tau i j x c1 c2
  c3) x0)
  as [E G]; trivial; [|now apply two_points|].
{ intros x Dx y; rewrite <- (dot_anchored s tau i j x c1 c2 c3) by (trivial; now apply S); now apply Z. }
assert (T : 0 < / tau) by (now apply Rinv_0_lt_compat).
set (d := [c2 / tau - c3 * (beta0 i - s 0) / tau ^ 2; - c3 / tau ^ 2; c1 / (beta1 i * tau)]).
assert (Zd : all_zero d).
{ apply H; [reflexivity|]; apply (but_for_one D s d (beta1 i * x0)); trivial; intros z Hz N.
  assert (Ez : beta1 i * (z / beta1 i) = z) by (field; trivial).
  rewrite <- (G (z / beta1 i)); [|now rewrite Ez|intros W; apply N; now rewrite <- W].
  unfold of_gates, d; rewrite B1, B0, Rmult_0_l, Ez; simpl; field; split; lra. }
clear - Zd Ht Hb T E.
inversion Zd as [|? ? Z0 Z']; subst; inversion Z' as [|? ? Z1 Z'']; subst; inversion Z'' as [|? ? Z2 _]; subst.
assert (c3 = 0).
{ apply Rmult_integral in Z1; destruct Z1 as [Z1 | Z1]; [lra|].
  destruct (Rinv_neq_0_compat (tau ^ 2)); [apply pow_nonzero; lra|exact Z1]. }
assert (c1 = 0).
{ apply Rmult_integral in Z2; destruct Z2 as [Z2 | Z2]; [lra|].
  destruct (Rinv_neq_0_compat (beta1 i * tau)); [apply Rmult_integral_contrapositive_currified; lra|exact Z2]. }
subst c3 c1; assert (c2 = 0).
{ unfold Rdiv in Z0; rewrite !Rmult_0_l, Rminus_0_r in Z0; apply Rmult_integral in Z0; destruct Z0; lra. }
subst c2; do 3 (apply Forall_cons; [reflexivity|]); exact E.
Qed.

Theorem regular_learnable D s : regular D s -> tau_learnable D s.
Proof.
intros H tau i j T c U; assert (Z := H tau i j T c U); destruct U as [L _].
destruct c as [|c1 [|c2 [|c3 c]]]; try discriminate; inversion Z as [|? ? _ Z']; subst; inversion Z' as [|? ? _ Z''];
  subst.
now inversion Z''.
Qed.

Theorem not_both_ways D s : tau_learnable D s -> tau_lost D s -> False.
Proof.
intros H K; set (i := Atom 1 0 1 0 1); set (j := Atom 0 0 0 0 1).
assert (T : anchored_truth 1 i j) by (repeat split; simpl; try lra; unfold expert_of; simpl; intros E; injection E;
  lra).
destruct (K 1 i j T) as [c [U N]]; exact (N (H 1 i j T c U)).
Qed.

(** * 6. And needed; what hides tau *)

(** A relation among the parameters of the gate alone. *)
Lemma gate_direction X s tau i j c1 c2 c3 : 0 < tau -> 0 < nu i -> 0 < nu j ->
  (forall x, X x -> ex_derive s (beta1 i * x)) -> (forall x, X x -> of_gates s tau i j x c1 c2 c3 = 0) ->
  unseen X (anchored_gauge s tau i j) [c1; c2; c3; 0; 0; 0; 0; 0; 0].
Proof.
intros Ht Hi Hj S H; split; [reflexivity|]; intros x y Hx; rewrite dot_anchored by auto.
rewrite H by trivial; unfold combined, of_expert; simpl; unfold Rdiv; ring.
Qed.

Lemma free_direction X s tau i j c1 c2 c3 c10 : 0 < tau -> 0 < nu i -> 0 < nu j ->
  (forall x, X x -> ex_derive s (beta1 i * x) /\ ex_derive s (beta1 j * x)) ->
  (forall x, X x -> of_gates s tau i j x c1 c2 c3 = of_last s tau j x c10) ->
  unseen X (free_gauge s tau i j) [c1; c2; c3; 0; 0; 0; 0; 0; 0; c10].
Proof.
intros Ht Hi Hj S H; split; [reflexivity|]; intros x y Hx; rewrite dot_free by (trivial; now apply S).
rewrite H by trivial; unfold combined, of_expert; simpl; unfold Rdiv; ring.
Qed.

(** The direction that a relation d0 + d1 s + d2 z s' = 0 hides. *)
Definition hidden_by s tau i d0 d1 d2 : list R :=
  [d2 * beta1 i; d0 - d1 * (beta0 i - s 0); - d1 * tau; 0; 0; 0; 0; 0; 0].

Lemma relation_direction D s tau i j d0 d1 d2 : (forall z, D z -> ex_derive s z) ->
  (forall z, D z -> dot [d0; d1; d2] (at_point z (F1 s)) = 0) -> anchored_truth tau i j ->
  unseen (fun x => D (beta1 i * x)) (anchored_gauge s tau i j) (hidden_by s tau i d0 d1 d2).
Proof.
intros S Z [[Ht [Hi [Hj [B0 _]]]] [Hb B1]]; apply gate_direction; trivial; [intros x Hx; now apply S|].
intros x Hx; specialize (Z _ Hx); simpl in Z; unfold of_gates; rewrite B1, B0, Rmult_0_l.
apply Rmult_eq_reg_r with tau; [|lra]; rewrite Rmult_0_l; apply eq_trans with (2 := Z); field; lra.
Qed.

Theorem first_order_is_needed : first_order_needed.
Proof.
intros D s [[_ S] [d [L [N Z]]]] tau i j T; destruct d as [|d0 [|d1 [|d2 [|]]]]; try discriminate; clear L.
exists (hidden_by s tau i d0 d1 d2); split; [apply relation_direction; trivial; intros z Hz; now apply S|].
destruct T as [[Ht _] [Hb _]]; intros A; apply N; inversion A as [|? ? A1 A']; subst;
  inversion A' as [|? ? A2 A'']; subst; inversion A'' as [|? ? A3 _]; subst.
apply Rmult_integral in A1; destruct A1 as [-> | A1]; [|easy].
apply Rmult_integral in A3; destruct A3 as [A3 | A3]; [|lra].
assert (d1 = 0) by lra; subst d1; rewrite Rmult_0_l, Rminus_0_r in A2; subst; repeat constructor.
Qed.

Theorem relation_loses_tau : relation_loses.
Proof.
intros D s d0 d1 d2 S Z N tau i j T; exists (hidden_by s tau i d0 d1 d2); split; [now apply relation_direction|].
unfold of_tau; simpl; destruct T as [[Ht _] _]; apply Rmult_integral_contrapositive_currified; lra.
Qed.

Lemma is_derive_relu z : z <> 0 -> is_derive relu z (if Rlt_dec z 0 then 0 else 1).
Proof.
intros N; destruct (Rlt_dec z 0) as [L | L].
- apply is_derive_ext_loc with (fun _ => 0); [|apply @is_derive_const].
  generalize (locally_gt z 0 L); apply filter_imp; intros y Hy; unfold relu; rewrite Rmax_right; lra.
- apply is_derive_ext_loc with (fun y => y); [|apply @is_derive_id].
  assert (P : 0 < z) by lra; generalize (locally_lt z 0 P); apply filter_imp; intros y Hy; unfold relu;
  rewrite Rmax_left; lra.
Qed.

Theorem linear_and_relu : two_lost.
Proof.
split; apply (relation_loses_tau _ _ 0 (- 1) 1); try lra.
- intros z _; auto_derive; trivial.
- intros z _; simpl; rewrite Derive_id; ring.
- intros z N; eexists; now apply is_derive_relu.
- intros z N; simpl; rewrite (is_derive_unique _ _ _ (is_derive_relu z N)); unfold relu.
  destruct (Rlt_dec z 0); [rewrite Rmax_right|rewrite Rmax_left]; lra.
Qed.

Lemma flow_of s : (forall l z, 0 < l -> s (l * z) = l * s z) -> flow s.
Proof.
intros H tau i j l Ht Hl B1 B0 x y; rewrite (scale s l l) by (first [lra | intros; now apply H]); simpl.
unfold regate at 2; rewrite B1, B0, Rmult_0_r; destruct j; simpl in *; now subst.
Qed.

Theorem flows : flow (fun z => z) /\ flow relu.
Proof.
split; apply flow_of; [trivial|]; intros l z Hl; unfold relu; rewrite <- RmaxRmult by lra; now rewrite Rmult_0_r.
Qed.

Theorem one_gate : one_gate_hides.
Proof.
intros X s tau i j S [Ht [Hi [Hj [B0 _]]]] E; exists [0; beta0 i; tau; 0; 0; 0; 0; 0; 0; 0]; split; [|unfold of_tau;
  simpl; lra].
apply free_direction; trivial; [intros x Hx; rewrite E; split; now apply S|]; intros x Hx; unfold of_gates, of_last.
rewrite E, B0; field; lra.
Qed.

Lemma derive_mirror (s : R -> R) e q z : (forall z, ex_derive s z) ->
  (forall z, s z + e * s (- z) = q * z + (1 + e) * s 0) ->
  Derive s z - e * Derive s (- z) = q.
Proof.
intros S H; assert (K : is_derive (fun z => s z + e * s (- z)) z (Derive s z - e * Derive s (- z))).
{ auto_derive; [repeat split; apply S|]; change (fun x => s x) with s; ring. }
rewrite <- (is_derive_unique _ _ _ K), (Derive_ext _ _ _ H); apply is_derive_unique; auto_derive; [trivial|ring].
Qed.

Theorem mirror_point : mirror_hides.
Proof.
intros X s q tau i j S H [Ht [Hi [Hj [B0 _]]]] E.
exists [beta1 i; beta0 i; tau; 0; 0; 0; 0; 0; 0; - beta1 i]; split; [|unfold of_tau; simpl; lra].
apply free_direction; trivial; [intros; split; apply S|]; intros x Hx; unfold of_gates, of_last; rewrite E, B0.
replace (- beta1 i * x) with (- (beta1 i * x)) by ring; set (z := beta1 i * x).
assert (K : Derive s z - -1 * Derive s (- z) = q) by (apply derive_mirror; trivial; intros w; generalize (H w); lra).
assert (V := H z); replace (Derive s (- z)) with (q - Derive s z) by lra; replace (s z) with (q * z + s (- z)) by lra.
unfold z; field; lra.
Qed.

Theorem odd_mirror_point : odd_mirror_hides.
Proof.
intros X s tau i j S H [Ht [Hi [Hj _]]] E; apply free_direction; trivial; [intros; split; apply S|].
intros x Hx; unfold of_gates, of_last; rewrite E; replace (- beta1 i * x) with (- (beta1 i * x)) by ring.
assert (K := derive_mirror s 1 0 (beta1 i * x) S ltac:(intros w; generalize (H w); lra)).
replace (Derive s (- (beta1 i * x))) with (Derive s (beta1 i * x)) by lra; field; lra.
Qed.

Theorem equal_experts : equal_experts_hide.
Proof.
intros D s tau i j S Ht Hi E; exists [0; 0; 1; 0; 0; 0; 0; 0; 0]; split; [|unfold of_tau; simpl; lra].
assert (Ex : forall x y, expert x y i = expert x y j) by (intros; unfold expert_of in E; injection E as E1 E2 E3;
  unfold expert; now rewrite E1, E2, E3).
assert (Hj : 0 < nu j) by (unfold expert_of in E; injection E as E1 E2 E3; lra).
split; [reflexivity|]; intros x y Hx; rewrite dot_anchored by auto.
unfold combined, of_gate, of_expert; rewrite Ex; simpl; unfold Rdiv; ring.
Qed.

Theorem zero_slope : zero_slope_hides.
Proof.
intros D s tau i j S Ht Hi Hj Z B1 B0; exists [0; beta0 i; tau; 0; 0; 0; 0; 0; 0]; split; [|unfold of_tau; simpl; lra].
apply gate_direction; trivial; [intros x Hx; now apply S|]; intros x Hx; unfold of_gates; rewrite Z, B1, B0; field;
  lra.
Qed.

(** * 7. Gates near x = 0 *)

Lemma open_crowded D : open D -> crowded D.
Proof.
intros O z e Hz; destruct (O z Hz) as [d Hd]; set (h := Rmin d e / 2).
assert (P : 0 < Rmin d e) by (apply Rmin_pos; apply cond_pos); exists (z + h).
assert (B : forall r, Rmin d e <= r -> ball z r (z + h)).
{ intros r Hr; unfold ball; simpl; unfold AbsRing_ball, abs, minus, plus, opp; simpl.
  replace (z + h + - z) with h by ring; unfold h; rewrite Rabs_pos_eq; lra. }
split; [apply Hd, B, Rmin_l|split; [unfold h; lra|apply B, Rmin_r]].
Qed.

Definition terms_at_0 s : Prop := smooth_at_0 s /\ infinitely_many (fun n => (0 < n)%nat /\ Derive_n s n 0 <> 0).

Lemma odd_at_0 s : odd_terms s -> terms_at_0 s.
Proof. intros [S I]; split; [trivial|]; intros N; destruct (I N) as [m [L H]]; exists (2 * m + 1)%nat; repeat split;
  trivial; lia. Qed.
Lemma even_at_0 s : even_terms s -> terms_at_0 s.
Proof. intros [S I]; split; [trivial|]; intros N; destruct (I N) as [m [L H]]; exists (2 * m + 2)%nat; repeat split;
  trivial; lia. Qed.

(** q s(b x) + p x s'(b x), the gate of an atom moved, and its derivatives. *)
Definition moved (s : R -> R) b p q (n : nat) (x : R) : R :=
  (INR n * p * b ^ pred n + q * b ^ n) * Derive_n s n (b * x) + p * b ^ n * (x * Derive_n s (S n) (b * x)).

Lemma is_derive_moved s b p q n x : (forall n, ex_derive_n s n (b * x)) ->
  is_derive (moved s b p q n) x (moved s b p q (S n) x).
Proof.
intros H.
assert (K : forall n, is_derive (fun x => Derive_n s n (b * x)) x (b * Derive_n s (S n) (b * x))).
{ intros m; apply (is_derive_comp (Derive_n s m) (fun x => b * x)); [apply Derive_correct; exact (H (S m))|].
  auto_derive; [trivial|ring]. }
unfold moved; refine (is_derive_at _ _ _ _ (is_derive_plus _ _ _ _ _ (is_derive_scal _ _ _ _ (K n))
  (is_derive_scal _ _ _ _ (is_derive_prod _ _ _ _ _ (is_derive_id x) (K (S n))))) _).
rewrite S_INR; unfold plus; simpl; change (@Hierarchy.one R_AbsRing) with 1.
generalize (Derive_n s (S n) (b * x)) (Derive_n s (S (S n)) (b * x)); intros; destruct n; simpl; [ring|].
change (match n with O => 1 | S _ => INR n + 1 end) with (INR (S n)); ring.
Qed.

Lemma near_scaled b (P : R -> Prop) : locally 0 P -> locally 0 (fun x => P (b * x)).
Proof.
intros H; assert (C : continuous (fun x => b * x) 0) by (apply (ex_derive_continuous (fun x => b * x)); auto_derive;
  trivial).
unfold continuous in C; rewrite Rmult_0_r in C; exact (C P H).
Qed.

Lemma gates_vanish s k b p q b' p' q' : smooth_at_0 s ->
  locally 0 (fun x => k + moved s b p q 0 x + moved s b' p' q' 0 x = 0) -> forall n, (0 < n)%nat ->
  (INR n * p * b ^ pred n + q * b ^ n + (INR n * p' * b' ^ pred n + q' * b' ^ n)) * Derive_n s n 0 = 0.
Proof.
intros Sm H; set (f := fun n x => match n with O => k | _ => 0 end + moved s b p q n x + moved s b' p' q' n x).
assert (Z : forall n, locally 0 (fun x => f n x = 0)).
{ induction n as [|n IH]; [exact H|].
  generalize (filter_and _ _ (near_scaled b _ Sm) (filter_and _ _ (near_scaled b' _ Sm) (locally_locally _ _ IH))).
  apply filter_imp; intros x [S1 [S2 Zx]].
  assert (K : is_derive (f n) x (f (S n) x)).
  { unfold f; apply @is_derive_plus; [|now apply is_derive_moved].
    apply (is_derive_plus (fun _ => match n with O => k | _ => 0 end) (moved s b p q n) x 0);
      [apply @is_derive_const|now apply is_derive_moved]. }
  rewrite <- (is_derive_unique _ _ _ K), (Derive_ext_loc _ (fun _ => 0) _ Zx); apply Derive_const. }
intros n Hn; assert (K := locally_singleton _ _ (Z n)); destruct n; [lia|]; unfold f, moved in K;
  rewrite !Rmult_0_r in K.
apply eq_trans with (2 := K); ring.
Qed.

(** An equation that holds near 0, but perhaps at 0, holds at 0. *)
Lemma at_0_too (f : R -> R) : continuous f 0 -> locally' 0 (fun x => f x = 0) -> locally 0 (fun x => f x = 0).
Proof.
intros C N; assert (F0 : f 0 = 0).
{ destruct (Req_dec (f 0) 0) as [W | W]; [trivial|exfalso].
  assert (P : locally 0 (fun z => f z <> 0)) by exact (C _ (locally_neq _ W)).
  assert (P' : locally' 0 (fun z => f z <> 0)) by (unfold locally', within; revert P; apply filter_imp; auto).
  destruct (filter_ex (F := Rbar_locally' 0) _ (filter_and _ _ P' N)) as [z [A B]]; exact (A B). }
unfold locally', within in N; revert N; apply filter_imp; intros z Hz; destruct (Req_dec z 0) as [-> | M]; auto.
Qed.

Lemma continuous_moved s b p q : smooth_at_0 s -> continuous (moved s b p q 0) 0.
Proof.
intros H; apply (ex_derive_continuous (moved s b p q 0)); eexists; apply is_derive_moved.
rewrite Rmult_0_r; exact (locally_singleton _ _ H).
Qed.

(** ** Sequences *)

Lemma powers_vanish r : Rabs r < 1 -> is_lim_seq (fun n => INR n * r ^ n) 0.
Proof.
intros H; apply is_lim_seq_abs_0; destruct (Req_dec r 0) as [-> | N].
{ apply is_lim_seq_ext with (fun _ => 0); [|apply is_lim_seq_const].
  intros [|n]; simpl; [now rewrite Rmult_0_l, Rabs_R0|rewrite Rmult_0_l, Rmult_0_r; now rewrite Rabs_R0]. }
assert (P := Rabs_pos_lt r N); set (t := sqrt (Rabs r)); assert (Pt : 0 < t) by (now apply sqrt_lt_R0).
assert (E : t * t = Rabs r) by (apply sqrt_sqrt; lra); assert (T : t < 1) by nra.
set (h := / t - 1); assert (Ph : 1 < / t) by (rewrite <- Rinv_1; apply Rinv_lt_contravar; lra).
assert (Ph' : 0 < h) by (unfold h; lra).
apply is_lim_seq_le_le with (fun _ => 0) (fun n => / h * t ^ n).
- intros n; split; [apply Rabs_pos|]; rewrite Rabs_mult, <- RPow_abs, <- E, Rpow_mult_distr.
  rewrite Rabs_pos_eq by apply pos_INR; rewrite <- Rmult_assoc; apply Rmult_le_compat_r; [now apply Rlt_le, pow_lt|].
  assert (B := poly n h Ph'); replace (1 + h) with (/ t) in B by (unfold h; ring); rewrite pow_inv in B by lra.
  assert (Q : 0 < t ^ n) by (now apply pow_lt); apply Rmult_le_reg_l with (h * / t ^ n).
  { apply Rmult_lt_0_compat; [trivial|now apply Rinv_0_lt_compat]. }
  replace (h * / t ^ n * (INR n * t ^ n)) with (INR n * h) by (field; lra).
  replace (h * / t ^ n * / h) with (/ t ^ n) by (field; lra); lra.
- apply is_lim_seq_const.
- replace (Finite 0) with (Rbar_mult (/ h) 0) by (simpl; f_equal; ring).
  apply is_lim_seq_scal_l, is_lim_seq_geom; rewrite Rabs_pos_eq; lra.
Qed.

(** n p + q plus what vanishes, 0 infinitely often. *)
Lemma line_vanishes p q (v : nat -> R) : is_lim_seq v 0 -> infinitely_many (fun n => INR n * p + q + v n = 0) ->
  p = 0 /\ q = 0.
Proof.
intros V I; apply is_lim_seq_spec in V.
assert (Zp : p = 0).
{ destruct (Req_dec p 0) as [Z | N]; [trivial|exfalso]; assert (P := Rabs_pos_lt p N).
  destruct (V (mkposreal 1 Rlt_0_1)) as [M HM]; simpl in HM.
  destruct (nfloor_ex ((Rabs q + 1) / Rabs p)) as [K HK].
  { apply Rlt_le, Rdiv_lt_0_compat; [generalize (Rabs_pos q); lra|trivial]. }
  destruct (I (M + K + 1)%nat) as [n [L Z]]; specialize (HM n ltac:(lia)); rewrite Rminus_0_r in HM.
  assert (B : (Rabs q + 1) / Rabs p < INR n).
  { apply Rlt_le_trans with (1 := proj2 HK); rewrite <- S_INR; apply le_INR; lia. }
  apply Rmult_lt_compat_r with (r := Rabs p) in B; trivial; unfold Rdiv in B;
  rewrite Rmult_assoc, Rinv_l, Rmult_1_r in B by lra.
  assert (A : Rabs (INR n * p) = INR n * Rabs p) by (rewrite Rabs_mult, Rabs_pos_eq by apply pos_INR; ring).
  replace (INR n * p) with (- (q + v n)) in A by lra; rewrite Rabs_Ropp in A; generalize (Rabs_triang q (v n)); lra. }
subst p; split; [trivial|]; destruct (Req_dec q 0) as [Z | N]; [trivial|exfalso]; assert (P := Rabs_pos_lt q N).
destruct (V (mkposreal _ P)) as [M HM]; simpl in HM; destruct (I M) as [n [L Z]]; specialize (HM n L).
rewrite Rminus_0_r in HM; replace (v n) with (- q) in HM by lra; rewrite Rabs_Ropp in HM; lra.
Qed.

(** The gate of an atom, and the gate of one with a smaller beta1. *)
Lemma greater_gate b p q b' p' q' : Rabs b' < Rabs b ->
  infinitely_many (fun n => (0 < n)%nat /\ INR n * p * b ^ pred n + q * b ^ n + (INR n * p' * b' ^ pred n + q' * b' ^
  n) = 0) ->
  p = 0 /\ q = 0.
Proof.
intros L I; assert (Hb : b <> 0) by (intros ->; rewrite Rabs_R0 in L; generalize (Rabs_pos b'); lra).
set (r := b' / b); assert (Hr : Rabs r < 1).
{ unfold r; rewrite Rabs_div by trivial; apply Rmult_lt_reg_r with (Rabs b); [now apply Rabs_pos_lt|].
  unfold Rdiv; rewrite Rmult_assoc, Rinv_l by (now apply Rabs_no_R0); lra. }
assert (V : is_lim_seq (fun n => p' * (INR n * r ^ n) + (p' + q' * b') * r ^ n) 0).
{ replace (Finite 0) with (Finite (p' * 0 + (p' + q' * b') * 0)) by (f_equal; ring).
  apply is_lim_seq_plus'; apply (is_lim_seq_scal_l _ _ (Finite 0));
  [now apply powers_vanish|now apply is_lim_seq_geom]. }
destruct (line_vanishes p (p + q * b) _ V) as [-> K].
- intros N; destruct (I (S N)) as [n [Ln [Pn Z]]]; exists (pred n); split; [lia|]; destruct n as [|n]; [lia|].
  simpl pred in *; rewrite S_INR in Z; apply Rmult_eq_reg_r with (b ^ n); [|now apply pow_nonzero].
  rewrite Rmult_0_l; apply eq_trans with (2 := Z); unfold r, Rdiv; rewrite Rpow_mult_distr, pow_inv; simpl.
  field; now apply pow_nonzero.
- split; [trivial|]; rewrite Rplus_0_l in K; apply Rmult_integral in K; tauto.
Qed.

Lemma two_points_near_0 X x0 : locally' 0 X -> exists x1 x2, X x1 /\ X x2 /\ x1 <> x0 /\ x2 <> x0 /\ x1 <> x2.
Proof.
intros N; destruct (filter_ex (F := Rbar_locally' 0) _ (filter_and _ _ N (near_other x0))) as [x1 [H1 N1]].
destruct (filter_ex (F := Rbar_locally' 0) _ (filter_and _ _ N (filter_and _ _ (near_other x0) (near_other x1))))
  as [x2 [H2 [N2 N3]]].
exists x1, x2; repeat split; congruence || trivial.
Qed.

(** From a relation for all x near 0: none among the scores of the experts, and one of the gate. *)
Lemma near_0 X s tau i j c1 c2 c3 c4 c5 c6 c7 c8 c9 c10 : smooth_at_0 s -> locally' 0 X -> truth tau i j ->
  (forall x y, X x -> ex_derive s (beta1 i * x) -> ex_derive s (beta1 j * x) ->
     combined s tau i j x c4 c5 c6 c7 c8 c9 (of_gates s tau i j x c1 c2 c3 - of_last s tau j x c10) y = 0) ->
  all_zero [c4; c5; c6; c7; c8; c9] /\
  exists k, (c1 = 0 -> c3 = 0 -> c10 = 0 -> k = 0 -> c2 = 0) /\ locally 0 (fun x =>
    k + moved s (beta1 i) (c1 / tau) (- c3 / tau ^ 2) 0 x + moved s (beta1 j) (- c10 / tau) (c3 / tau ^ 2) 0 x = 0).
Proof.
intros Sm N [Ht [Hi [Hj [B0 Hx]]]] Z; destruct (crossing i j Hx) as [x0 K].
set (X' := fun x => X x /\ (forall n, ex_derive_n s n (beta1 i * x)) /\ (forall n, ex_derive_n s n (beta1 j * x))).
assert (L : forall P, locally 0 P -> locally' 0 P) by (intros P H; unfold locally', within; revert H;
  apply filter_imp; auto).
assert (N' : locally' 0 X').
{ apply filter_and; [trivial|apply filter_and; apply L; now apply (near_scaled _ (fun z => forall n,
  ex_derive_n s n z))]. }
destruct (experts_zero s tau i j c4 c5 c6 c7 c8 c9 X' (fun x => of_gates s tau i j x c1 c2 c3 - of_last s tau j x
  c10) x0)
  as [E G]; trivial; [|now apply two_points_near_0|].
{ intros x [Hx1 [S1 S2]] y; apply Z; [trivial|exact (S1 1%nat)|exact (S2 1%nat)]. }
split; [trivial|]; exists ((c2 - c3 * beta0 i / tau) / tau); split.
{ intros -> -> -> H; apply Rmult_integral in H; destruct H as [H | H]; [|destruct (Rinv_neq_0_compat tau); lra].
  unfold Rdiv in H; lra. }
apply at_0_too.
- apply (continuous_plus (fun x => (c2 - c3 * beta0 i / tau) / tau + moved s (beta1 i) (c1 / tau) (- c3 / tau ^ 2) 0 x)
    (moved s (beta1 j) (- c10 / tau) (c3 / tau ^ 2) 0)); [|now apply continuous_moved].
  apply (continuous_plus (fun _ => (c2 - c3 * beta0 i / tau) / tau) (moved s (beta1 i) (c1 / tau) (- c3 / tau ^ 2) 0));
    [apply continuous_const|now apply continuous_moved].
- generalize (filter_and _ _ N' (near_other x0)); apply filter_imp; intros x [Hx' Nx].
  apply eq_trans with (2 := G x Hx' Nx); unfold moved, of_gates, of_last; rewrite B0.
  change (Derive_n s 1) with (Derive s); simpl; field; lra.
Qed.

Lemma quotient_zero a b : 0 < b -> a / b = 0 -> a = 0.
Proof. intros Hb H; apply Rmult_integral in H; destruct H; [trivial|destruct (Rinv_neq_0_compat b); lra]. Qed.

Theorem anchored_near_0 s : terms_at_0 s -> regular_near_0 s.
Proof.
intros [Sm I] D N tau i j [T [Hb B1]] c [L Z]; destruct T as [Ht [Hi [Hj [B0 Hx]]]].
destruct c as [|c1 [|c2 [|c3 [|c4 [|c5 [|c6 [|c7 [|c8 [|c9 [|]]]]]]]]]]; try discriminate; clear L.
destruct (near_0 (fun x => D (beta1 i * x)) s tau i j c1 c2 c3 c4 c5 c6 c7 c8 c9 0) as [E [k [K H]]];
  [trivial| |now repeat split| |].
{ unfold locally', within in *; generalize (near_scaled (beta1 i) _ N); apply filter_imp; intros x Hx1 Nx; apply Hx1.
  apply Rmult_integral_contrapositive_currified; trivial. }
{ intros x y Dx S1 _; replace (of_last s tau j x 0) with 0 by (unfold of_last; ring); rewrite Rminus_0_r.
  rewrite <- dot_anchored by trivial; now apply Z. }
assert (V := gates_vanish _ _ _ _ _ _ _ _ Sm H).
destruct (greater_gate (beta1 i) (c1 / tau) (- c3 / tau ^ 2) (beta1 j) (- 0 / tau) (c3 / tau ^ 2)) as [P Q].
{ rewrite B1, Rabs_R0; now apply Rabs_pos_lt. }
{ intros M; destruct (I M) as [n [Ln [Pn Hn]]]; exists n; split; [trivial|split; [trivial|]].
  specialize (V n Pn); apply Rmult_integral in V; tauto. }
apply quotient_zero in P, Q; trivial; [|apply pow_lt; lra]; assert (c3 = 0) by lra; subst c1 c3.
assert (W := locally_singleton _ _ H); unfold moved in W; rewrite B1, !Rmult_0_r in W; unfold Rdiv in W.
assert (c2 = 0) by (apply K; trivial; lra); subst c2; do 3 (apply Forall_cons; [reflexivity|]); exact E.
Qed.

Theorem free_near_0 s : terms_at_0 s -> Derive s 0 <> 0 -> free_regular_near_0 s.
Proof.
intros [Sm I] S1 X tau i j N T D c [L Z]; assert (T' := T); destruct T as [Ht [Hi [Hj [B0 Hx]]]].
destruct c as [|c1 [|c2 [|c3 [|c4 [|c5 [|c6 [|c7 [|c8 [|c9 [|c10 [|]]]]]]]]]]]; try discriminate; clear L.
destruct (near_0 X s tau i j c1 c2 c3 c4 c5 c6 c7 c8 c9 c10) as [E [k [K H]]]; trivial.
{ intros x y Hx1 D1 D2; rewrite <- dot_free by trivial; now apply Z. }
assert (V := gates_vanish _ _ _ _ _ _ _ _ Sm H).
assert (Tp : 0 < tau ^ 2) by (apply pow_lt; lra).
assert (R : forall b p q b' p' q', Rabs b' < Rabs b ->
  (forall n, (0 < n)%nat ->
  (INR n * p * b ^ pred n + q * b ^ n + (INR n * p' * b' ^ pred n + q' * b' ^ n)) * Derive_n s n 0 = 0) ->
  q' = - q -> p = 0 /\ q = 0 /\ p' = 0).
{ intros b p q b' p' q' Lt V' Eq; destruct (greater_gate b p q b' p' q' Lt) as [-> ->].
  { intros M; destruct (I M) as [n [Ln [Pn Hn]]]; exists n; split; [trivial|split; [trivial|]].
    specialize (V' n Pn); apply Rmult_integral in V'; tauto. }
  split; [trivial|split; [trivial|]]; rewrite Ropp_0 in Eq; subst q'.
  assert (W := V' 1%nat ltac:(lia)); change (Derive_n s 1 0) with (Derive s 0) in W; simpl in W.
  apply Rmult_integral in W; destruct W as [W | W]; [lra|easy]. }
assert (C : c1 = 0 /\ c3 = 0 /\ c10 = 0).
{ destruct (Rtotal_order (Rabs (beta1 i)) (Rabs (beta1 j))) as [Lt | [Eq | Lt]]; [|easy|].
  - destruct (R (beta1 j) (- c10 / tau) (c3 / tau ^ 2) (beta1 i) (c1 / tau) (- c3 / tau ^ 2) Lt) as [P [Q P']].
    + intros n Pn; apply eq_trans with (2 := V n Pn); ring.
    + unfold Rdiv; ring.
    + apply quotient_zero in P, Q, P'; trivial; repeat split; lra.
  - destruct (R (beta1 i) (c1 / tau) (- c3 / tau ^ 2) (beta1 j) (- c10 / tau) (c3 / tau ^ 2) Lt) as [P [Q P']];
    trivial.
    + unfold Rdiv; ring.
    + apply quotient_zero in P, Q, P'; trivial; repeat split; lra. }
destruct C as [-> [-> ->]]; assert (W := locally_singleton _ _ H); unfold moved in W; rewrite !Rmult_0_r in W;
  unfold Rdiv in W.
assert (c2 = 0) by (apply K; trivial; lra); subst c2.
do 3 (apply Forall_cons; [reflexivity|]); apply (proj2 (all_zero_app [c4; c5; c6; c7; c8; c9] [0])); split;
  [exact E|now apply all_zero_1].
Qed.

Lemma tanh_half_smooth : forall n z, ex_derive_n (fun z => / 2 + / 2 * tanh (/ 2 * z)) n z.
Proof.
intros n z; apply (ex_derive_n_plus (fun _ => / 2)); apply filter_forall; intros y k _; [apply ex_derive_n_const|].
apply ex_derive_n_scal_l, ex_derive_n_comp_scal, filter_forall; intros; apply smooth_tanh.
Qed.

Lemma sigmoid_is z : / 2 + / 2 * tanh (/ 2 * z) = sigmoid z.
Proof.
unfold sigmoid; rewrite tanh_exp; replace (- z) with (- (/ 2 * z) + - (/ 2 * z)) by field; rewrite exp_plus, exp_Ropp.
assert (P := exp_pos (/ 2 * z)); field; repeat split; nra.
Qed.

Theorem sigmoid_terms : odd_terms sigmoid.
Proof.
assert (H := shifted softplus _ is_derive_softplus tanh_half_smooth).
split; [apply smooth_everywhere; intros n z; apply (ex_derive_n_ext _ _ n z sigmoid_is), tanh_half_smooth|].
intros N; destruct (proj2 softplus_terms N) as [m [L K]]; exists m; split; [trivial|].
rewrite <- (Derive_n_ext _ _ _ _ sigmoid_is), <- (proj2 (H _ _)).
now replace (S (2 * m + 1)) with (2 * m + 2)%nat by lia.
Qed.

Lemma is_derive_gelu z : is_derive gelu z (cdf z + z * phi z).
Proof.
apply (is_derive_ext (fun z => 0 + z * cdf z)); [intros y; unfold gelu, cdf; lra|].
refine (is_derive_at _ _ _ _ (is_derive_times _ _ _ _ _ (is_derive_const 0 z) (is_derive_cdf z)) _); unfold zero;
  simpl; ring.
Qed.

Lemma four_terms : Forall (fun s => terms_at_0 s /\ Derive s 0 <> 0) [tanh; sigmoid; gelu; softplus].
Proof.
repeat apply Forall_cons; try apply Forall_nil; split.
- apply odd_at_0, tanh_terms.
- rewrite (is_derive_unique _ _ _ (is_derive_tanh 0)), tanh_0; lra.
- apply odd_at_0, sigmoid_terms.
- unfold sigmoid; erewrite is_derive_unique; [|auto_derive; [generalize (exp_pos (- 0)); lra|reflexivity]].
  rewrite Ropp_0, exp_0; lra.
- apply even_at_0, gelu_terms.
- rewrite (is_derive_unique _ _ _ (is_derive_gelu 0)); unfold cdf; replace (0 / sqrt 2) with 0 by (unfold Rdiv; ring).
  assert (Z := erf_odd 0); rewrite Ropp_0 in Z; lra.
- apply even_at_0, softplus_terms.
- rewrite (is_derive_unique _ _ _ (is_derive_softplus 0)), Rmult_0_r, tanh_0; lra.
Qed.

Theorem four : four_activations.
Proof.
assert (F := four_terms); revert F; apply Forall_impl; intros s [T D].
split; [now apply anchored_near_0|now apply free_near_0].
Qed.

(** At mirror points: beta1 along (1, 1) with tanh, tau with GELU and softplus. *)
Theorem mirrors X tau i j : truth tau i j -> beta1 j = - beta1 i ->
  unseen X (free_gauge tanh tau i j) along_both /\ hidden X gelu tau i j /\ hidden X softplus tau i j.
Proof.
intros T E; split; [|split].
- apply odd_mirror_point; trivial; intros z; [eexists; apply is_derive_tanh|].
  rewrite tanh_0; unfold tanh, sinh, cosh; rewrite Ropp_involutive; generalize (exp_pos z) (exp_pos (- z)); intros;
  field; lra.
- apply mirror_point with 1; trivial; [intros z; eexists; apply is_derive_gelu|apply gelu_mirror].
- apply mirror_point with 1; trivial; [intros z; eexists; apply is_derive_softplus|apply softplus_mirror].
Qed.

(** So `check` says "tau learnable: yes" of them. *)
Lemma learnable s : In s [tanh; sigmoid; gelu; softplus] -> forall D, locally' 0 D -> tau_learnable D s.
Proof. intros H D N; apply regular_learnable; now apply (proj1 (Forall_forall _ _) four s H). Qed.
Theorem tau_learnable_tanh D : locally' 0 D -> tau_learnable D tanh. Proof. apply learnable; simpl; tauto. Qed.
Theorem tau_learnable_sigmoid D : locally' 0 D -> tau_learnable D sigmoid. Proof. apply learnable; simpl; tauto. Qed.
Theorem tau_learnable_gelu D : locally' 0 D -> tau_learnable D gelu. Proof. apply learnable; simpl; tauto. Qed.
Theorem tau_learnable_softplus D : locally' 0 D -> tau_learnable D softplus. Proof. apply learnable; simpl; tauto. Qed.

(** * 8. Information *)

Section Continuity.
Variable p : R * R.
Definition steady (f : R * R -> R) : Prop := continuous f p.
Lemma steady_const k : steady (fun _ => k). Proof. apply continuous_const. Qed.
Lemma steady_x : steady fst. Proof. apply continuous_fst. Qed.
Lemma steady_y : steady snd. Proof. apply continuous_snd. Qed.
Lemma steady_plus f g : steady f -> steady g -> steady (fun q => f q + g q).
Proof. exact (continuous_plus (f : R * R -> R_NormedModule) g p). Qed.
Lemma steady_mult f g : steady f -> steady g -> steady (fun q => f q * g q).
Proof. exact (continuous_mult (f : R * R -> R_AbsRing) g p). Qed.
Lemma steady_comp (f : R * R -> R) (h : R -> R) : steady f -> continuous h (f p) -> steady (fun q => h (f q)).
Proof. exact (continuous_comp f h p). Qed.
Lemma steady_derivable f h : steady f -> ex_derive h (f p) -> steady (fun q => h (f q)).
Proof. intros F H; apply steady_comp; [trivial|now apply (ex_derive_continuous h)]. Qed.
Lemma steady_opp f : steady f -> steady (fun q => - f q).
Proof. intros F; apply (steady_derivable f Ropp F); auto_derive; trivial. Qed.
Lemma steady_minus f g : steady f -> steady g -> steady (fun q => f q - g q).
Proof. intros F G; apply steady_plus; [trivial|now apply steady_opp]. Qed.
Lemma steady_exp f : steady f -> steady (fun q => exp (f q)).
Proof. intros F; apply (steady_derivable f exp F); auto_derive; trivial. Qed.
Lemma steady_pow f n : steady f -> steady (fun q => f q ^ n).
Proof. intros F; apply (steady_derivable f (fun v => v ^ n) F); auto_derive; trivial. Qed.
Lemma steady_div f g : steady f -> steady g -> g p <> 0 -> steady (fun q => f q / g q).
Proof. intros F G N; apply steady_mult; [trivial|apply (steady_derivable g Rinv G)]; auto_derive; trivial. Qed.
End Continuity.

Ltac steady := match goal with
  | |- steady _ (fun q => ?k) => apply steady_const
  | |- steady _ (fun q => fst q) => apply steady_x
  | |- steady _ (fun q => snd q) => apply steady_y
  | |- steady ?p (fun q => @?f q + @?g q) => apply (steady_plus p f g); steady
  | |- steady ?p (fun q => @?f q - @?g q) => apply (steady_minus p f g); steady
  | |- steady ?p (fun q => @?f q * @?g q) => apply (steady_mult p f g); steady
  | |- steady ?p (fun q => @?f q / @?g q) => apply (steady_div p f g); [steady | steady | cbn [fst snd]]
  | |- steady ?p (fun q => - @?f q) => apply (steady_opp p f); steady
  | |- steady ?p (fun q => exp (@?f q)) => apply (steady_exp p f); steady
  | |- steady ?p (fun q => @?f q ^ ?n) => apply (steady_pow p f n); steady
  | |- _ => assumption end.

Theorem information : information_positive.
Proof.
intros D s C H tau i j T c L N; assert (Rg := first_order_is_enough D s C H tau i j T c).
assert (X : exists x0 y0, D (beta1 i * x0) /\ dot c (scores (anchored_gauge s tau i j) x0 y0) <> 0).
{ destruct (Classical_Prop.classic (exists x0 y0,
  D (beta1 i * x0) /\ dot c (scores (anchored_gauge s tau i j) x0 y0) <> 0))
    as [X | X]; [trivial|exfalso; apply N, Rg; split; [trivial|intros x y Hx]].
  destruct (Req_dec (dot c (scores (anchored_gauge s tau i j) x y)) 0) as [E | E]; [trivial|exfalso; eauto]. }
destruct X as [x0 [y0 [Dx NZ]]]; destruct T as [[Ht [Hi [Hj [B0 _]]]] [Hb B1]];
  destruct (proj2 (proj1 H) _ Dx) as [S1 S2].
destruct c as [|c1 [|c2 [|c3 [|c4 [|c5 [|c6 [|c7 [|c8 [|c9 [|]]]]]]]]]]; try discriminate.
set (F := fun q : R * R => combined s tau i j (fst q) c4 c5 c6 c7 c8 c9 (of_gates s tau i j (fst q) c1 c2 c3) (snd q)
  ^ 2 *
  density s tau [i; j] (fst q) (snd q)).
assert (V : forall x y, D (beta1 i * x) -> dot [c1; c2; c3; c4; c5; c6; c7; c8;
  c9] (scores (anchored_gauge s tau i j) x y) ^ 2 *
  density s tau [i; j] x y = F (x, y)).
{ intros x y Hx; unfold F; cbn [fst snd]; rewrite dot_anchored by (trivial; now apply (proj2 (proj1 H)));
  reflexivity. }
assert (exists q, q = (x0, y0)) as [q Eq] by (now exists (x0, y0)).
assert (P : 0 < F q).
{ rewrite Eq, <- V by trivial; apply Rmult_lt_0_compat; [now apply pow2_gt_0|now apply (exist s tau i j x0 y0)]. }
assert (A1 : steady q (fun q => s (beta1 i * fst q))) by (apply (steady_derivable q (fun q => beta1 i * fst q));
  [steady|rewrite Eq; exact S1]).
assert (A2 : steady q (fun q => Derive s (beta1 i * fst q))) by (apply (steady_derivable q (fun q => beta1 i * fst
  q)); [steady|rewrite Eq; exact S2]).
assert (A3 : steady q (fun q => s (beta1 j * fst q))).
{ apply (continuous_ext (fun _ => s 0)); [intros w; rewrite B1; f_equal; ring|apply continuous_const]. }
assert (K : steady q F).
{ assert (R2 : forall v, 0 < v -> sqrt (2 * PI * v) <> 0) by (intros v Hv; apply Rgt_not_eq; now apply sqrt_square).
  assert (Pi := R2 _ Hi); assert (Pj := R2 _ Hj).
  assert (W := whole_pos s tau i j x0 y0 Hi Hj).
  assert (Mi : steady q (fun q => mass s tau (fst q) i)) by (unfold mass; steady; lra).
  assert (Mj : steady q (fun q => mass s tau (fst q) j)) by (unfold mass; steady; lra).
  assert (Ei : steady q (fun q => expert (fst q) (snd q) i)) by (unfold expert, normal; steady; lra).
  assert (Ej : steady q (fun q => expert (fst q) (snd q) j)) by (unfold expert, normal; steady; lra).
  assert (Pm := mass_pos s tau x0 i); assert (Pm' := mass_pos s tau x0 j).
  unfold F, combined, density, of_gates, of_gate, whole, of_expert; cbn [dot map sum fold_right].
  unfold whole in W; steady; try rewrite Eq; cbn [fst snd]; try apply pow_nonzero; lra. }
assert (U : locally (F q) (fun v => F q / 2 < v)) by (apply locally_lt; lra).
destruct (K _ U) as [d Hd]; assert (Pe : 0 < F q / 2) by lra; exists x0, y0, (mkposreal _ Pe), d; split; [trivial|].
intros x y Hx Bx By; rewrite V by trivial; apply Rlt_le, Hd; rewrite Eq; split; assumption.
Qed.

(** * 9. For the files that are written *)

Lemma learnable_by D s : open D -> first_order D s -> tau_learnable D s.
Proof. intros O H; apply regular_learnable, first_order_is_enough; [now apply open_crowded|trivial]. Qed.

Lemma lost_by D ps d0 d1 d2 : (forall z, D z -> pdefined ps z) ->
  (forall z, D z -> dot [d0; d1; d2] (map (rmono (z, pjet ps z)) mF1) = 0) -> d1 <> 0 -> tau_lost D (peval ps).
Proof.
intros P H N; apply (relation_loses_tau D (peval ps) d0 d1 d2); trivial.
- intros z Hz; assert (J := pjet_correct _ _ (P z Hz)); destruct (pjet ps z) as [[a b] c]; apply jet_derive in J;
  tauto.
- intros z Hz; rewrite <- (relation_of_jets D ps [d0; d1; d2] mF1 P H z Hz); f_equal; apply at_point_ext.
  generalize (same_sym _ _ (members_F1 (peval ps))); apply Forall2_impl; auto.
Qed.

Lemma near_positive (f : R -> R) z : ex_derive f z -> 0 < f z -> locally z (fun y => 0 < f y).
Proof. intros D P; exact (ex_derive_continuous f z D _ (locally_lt _ _ P)). Qed.
Lemma near_nonzero (f : R -> R) z : ex_derive f z -> f z <> 0 -> locally z (fun y => f y <> 0).
Proof. intros D N; exact (ex_derive_continuous f z D _ (locally_neq _ N)). Qed.
Lemma near_left (P Q : R -> Prop) z : locally z P -> locally z (fun y => P y \/ Q y).
Proof. apply filter_imp; auto. Qed.
Lemma near_right (P Q : R -> Prop) z : locally z Q -> locally z (fun y => P y \/ Q y).
Proof. apply filter_imp; auto. Qed.

(** open D *)
Ltac near := match goal with
  | |- locally _ (fun y => True) => apply filter_forall; intros; exact Logic.I
  | |- locally _ _ => first [apply locally_gt; assumption | apply locally_lt; assumption]
  | |- locally ?z (fun y => 0 < @?f y) => apply (near_positive f z); [auto_derive; pos | assumption]
  | |- locally ?z (fun y => @?f y <> 0) => apply (near_nonzero f z); [auto_derive; pos | assumption]
  | |- locally ?z (fun y => _ /\ _) => apply filter_and; near
  | |- locally ?z (fun y => _ \/ _) => first [apply near_left; near | apply near_right; near] end.
Ltac solve_open := let z := fresh "z" in let H := fresh "H" in intros z H; each_piece H;
  match goal with |- locally _ ?D => unfold D end; near.

Definition everything := (gaussians, exist, first_order_is_enough, first_order_is_needed, relation_loses_tau,
  linear_and_relu, flows,
  one_gate, mirror_point, odd_mirror_point, equal_experts, zero_slope, four, mirrors, tau_learnable_tanh,
  tau_learnable_sigmoid,
  tau_learnable_gelu, tau_learnable_softplus, regular_learnable, not_both_ways, learnable_by, lost_by).
Print Assumptions everything.
