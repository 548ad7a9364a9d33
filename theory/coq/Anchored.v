(** The theorem of theory 3.1.3 for any number of atoms, the last one anchored (d = 1).

    Part 1 says what is proved; the other parts prove it. *)

From Coquelicot Require Import Coquelicot.
From Coq Require Import Reals List Lra Lia.
From Temperance Require Import Temperance Mixtures Twins Scores.
Import ListNotations.
Open Scope R_scope.

(** * 1. Statements *)

(** Atoms that move along lines: how fast each parameter changes. *)
Record move := Move { d_beta1 : R; d_beta0 : R; d_slope : R; d_shift : R; d_nu : R }.
Definition after (h : R) (i : atom) (m : move) : atom := Atom (beta1 i + h * d_beta1 m) (beta0 i + h * d_beta0 m)
  (slope i + h * d_slope m) (shift i + h * d_shift m) (nu i + h * d_nu m).
Definition still (m : move) : Prop := d_beta1 m = 0 /\ d_beta0 m = 0 /\ d_slope m = 0 /\ d_shift m = 0 /\ d_nu m = 0.

(** The density does not change to first order, at all x of X and all y. *)
Definition unseen_move (X : R -> Prop) s tau d_tau (l : list (atom * move)) : Prop := forall x y, X x ->
  is_derive (fun h => density s (tau + h * d_tau) (map (fun '(i, m) => after h i m) l) x y) 0 0.

(** Atoms l and a last one, k, which is anchored; its move m keeps it so. *)
Definition anchored_atoms tau (l : list (atom * move)) k m : Prop := let all := l ++ [(k, m)] in
  0 < tau /\ beta1 k = 0 /\ d_beta1 m = 0 /\ d_beta0 m = 0 /\ Exists (fun '(i, _) => beta1 i <> 0) l /\
  Forall (fun '(i, _) => 0 < nu i) all /\ NoDup (map (fun '(i, _) => expert_of i) all).

(** F1 where beta1 of an atom is not 0, and else s'(0) <> 0: then only standing still is unseen. *)
Definition enough_for_all : Prop := forall X s tau d_tau l k m, anchored_atoms tau l k m ->
  (exists x, X x) -> crowded X ->
  Forall (fun '(i, _) => (forall x, X x -> ex_derive s (beta1 i * x) /\ ex_derive (Derive s) (beta1 i * x)) /\
    (beta1 i <> 0 -> independent (fun z => X (z / beta1 i)) (F1 s)) /\ (beta1 i = 0 -> Derive s 0 <> 0)) l ->
  unseen_move X s tau d_tau (l ++ [(k, m)]) -> d_tau = 0 /\ Forall (fun '(_, n) => still n) (l ++ [(k, m)]).

(** So it is with these s as soon as X holds all x near 0, but perhaps 0. *)
Definition four_for_all : Prop := Forall (fun s => forall X tau d_tau l k m, anchored_atoms tau l k m ->
  locally' 0 X ->
  unseen_move X s tau d_tau (l ++ [(k, m)]) -> d_tau = 0 /\ Forall (fun '(_, n) => still n) (l ++ [(k, m)]))
  [tanh; sigmoid; gelu; softplus].

(** * 2. Derivatives *)

Section Derivatives.
Variables (s : R -> R) (tau d_tau x y : R).
Hypothesis Ht : 0 < tau.

(** The derivatives of the score of an atom, and of the logarithm of its expert. *)
Definition of_score (i : atom) (m : move) : R :=
  (d_beta1 m * (x * Derive s (beta1 i * x)) + d_beta0 m) / tau - (s (beta1 i * x) + beta0 i) * d_tau / tau ^ 2.
Definition of_normal (i : atom) (m : move) : R := dot [d_slope m; d_shift m; d_nu m] (of_expert x y i).

Lemma mass_moves i m : ex_derive s (beta1 i * x) \/ beta1 i = 0 /\ d_beta1 m = 0 ->
  is_derive (fun h => mass s (tau + h * d_tau) x (after h i m)) 0 (mass s tau x i * of_score i m).
Proof.
intros [H | [B D]]; unfold mass, after, of_score; cbn [beta1 beta0].
- auto_derive; [rewrite !Rmult_0_l, !Rplus_0_r; repeat split; [trivial|lra]|].
  rewrite !Rmult_0_l, !Rplus_0_r; change (fun x => s x) with s; unfold Rdiv; field; lra.
- rewrite B, D; apply (is_derive_ext (fun h => exp ((s (0 * x) + (beta0 i + h * d_beta0 m)) / (tau + h * d_tau)))).
  { intros h; do 4 f_equal; ring. }
  auto_derive; [lra|]; rewrite !Rmult_0_l, !Rplus_0_r; unfold Rdiv; field; lra.
Qed.

Lemma expert_moves i m : 0 < nu i -> is_derive (fun h => expert x y (after h i m)) 0 (expert x y i * of_normal i m).
Proof.
intros H; assert (P := PI_RGT_0); destruct (sqrt_square (nu i) H) as [E S].
unfold expert, after, of_normal, of_expert, normal; cbn [slope shift nu dot]; auto_derive.
- rewrite !Rmult_0_l, !Rplus_0_r; repeat split; try lra; apply Rmult_lt_0_compat; lra.
- rewrite !Rmult_0_l, !Rplus_0_r; set (r := sqrt (2 * PI * nu i)) in *.
  assert (Ep : PI = r * r / (2 * nu i)) by (rewrite E; field; lra).
  rewrite Ep; unfold Rdiv, Rminus; simpl; field; lra.
Qed.

Definition movable (p : atom * move) : Prop := let '(i, m) := p in
  0 < nu i /\ (ex_derive s (beta1 i * x) \/ beta1 i = 0 /\ d_beta1 m = 0).

Lemma masses_move l : Forall movable l ->
  is_derive (fun h => sum (map (mass s (tau + h * d_tau) x) (map (fun '(i, m) => after h i m) l))) 0
  (sum (map (fun '(i, m) => mass s tau x i * of_score i m) l)).
Proof.
induction 1 as [|[i m] l [Hn Hs] _ IH]; simpl; [apply @is_derive_const|].
apply @is_derive_plus; [now apply mass_moves|exact IH].
Qed.

Lemma terms_move l : Forall movable l ->
  is_derive (fun h => sum (map (fun i => mass s (tau + h * d_tau) x i * expert x y i) (map (fun '(i,
  m) => after h i m) l))) 0
  (sum (map (fun '(i, m) => mass s tau x i * expert x y i * (of_score i m + of_normal i m)) l)).
Proof.
induction 1 as [|[i m] l [Hn Hs] _ IH]; simpl; [apply @is_derive_const|].
apply @is_derive_plus; [|exact IH].
refine (is_derive_at _ _ _ _ (is_derive_prod _ _ _ _ _ (mass_moves i m Hs) (expert_moves i m Hn)) _).
assert (E0 : after 0 i m = i) by (unfold after; destruct i; simpl; f_equal; ring).
rewrite E0, Rmult_0_l, Rplus_0_r; ring.
Qed.
End Derivatives.

(** A density that does not change: the equation that Fact 1 is applied to. *)
Lemma equation s tau d_tau l x y : 0 < tau -> l <> [] -> Forall (movable s x) l ->
  is_derive (fun h => density s (tau + h * d_tau) (map (fun '(i, m) => after h i m) l) x y) 0 0 ->
  let M := sum (map (fun '(i, _) => mass s tau x i) l) in
  let M' := sum (map (fun '(i, m) => mass s tau x i * of_score s tau d_tau x i m) l) in
  sum (map (fun '(i, m) => mass s tau x i * expert x y i *
    (M * of_score s tau d_tau x i m - M' + M * of_normal x y i m)) l) = 0.
Proof.
intros Ht Nl Mv H M M'.
assert (DM := masses_move s tau d_tau x Ht l Mv); assert (DN := terms_move s tau d_tau x y Ht l Mv).
fold M' in DM; set (N' := sum (map (fun '(i, m) => mass s tau x i * expert x y i * _) l)) in DN.
set (fM := fun h => sum (map (mass s (tau + h * d_tau) x) (map (fun '(i, m) => after h i m) l))) in *.
set (fN := fun h => sum (map (fun i => mass s (tau + h * d_tau) x i * expert x y i) (map (fun '(i,
  m) => after h i m) l))) in *.
assert (A0 : forall i m, after 0 i m = i) by (intros i m; unfold after; destruct i; simpl; f_equal; ring).
assert (T0 : tau + 0 * d_tau = tau) by ring.
assert (EM : fM 0 = M).
{ unfold fM, M; rewrite T0, map_map; f_equal; apply map_ext; intros [i m]; now rewrite A0. }
set (N := sum (map (fun '(i, _) => mass s tau x i * expert x y i) l)).
assert (EN : fN 0 = N).
{ unfold fN, N; rewrite T0, map_map; f_equal; apply map_ext; intros [i m]; now rewrite A0. }
assert (PM : 0 < M).
{ unfold M; destruct l as [|[i m] l]; [easy|]; simpl; assert (P := mass_pos s tau x i).
  enough (0 <= sum (map (fun '(i, _) => mass s tau x i) l)) by lra; clear; induction l as [|[i m] l IH]; simpl; [lra|].
  generalize (mass_pos s tau x i); lra. }
assert (Q : is_derive (fun h => fN h / fM h) 0 ((N' * M - N * M') / M ^ 2)).
{ rewrite <- EM, <- EN; apply (is_derive_div fN fM 0 N' M' DN DM); rewrite EM; lra. }
assert (Z : (N' * M - N * M') / M ^ 2 = 0).
{ rewrite <- (is_derive_unique _ _ _ Q); apply is_derive_unique; exact H. }
apply quotient_zero in Z; [|now apply pow_lt].
apply eq_trans with (2 := Z); unfold N', N; clearbody M M'; clear; induction l as [|[i m] l IH]; simpl; [ring|].
rewrite IH; ring.
Qed.

(** * 3. Points where no two experts cross *)

Lemma crossings (atoms : list atom) : exists bad, forall x, ~ In x bad -> clean atoms x.
Proof.
assert (One : forall i js, exists bad, forall x, ~ In x bad -> forall j, In j js -> key x i = key x j ->
  expert_of i = expert_of j).
{ intros i js; induction js as [|j js [bad H]]; [now exists []|].
  exists ((shift j - shift i) / (slope i - slope j) :: bad); intros x Hx k [<- | Hk] E; [|apply (H x); trivial;
  intros I;
    apply Hx; now right].
  assert (N : x <> (shift j - shift i) / (slope i - slope j)) by (intros I; apply Hx; now left).
  unfold key in E; injection E as E V; unfold expert_of; destruct (Req_dec (slope i) (slope j)) as [S | S].
  - rewrite S in E |- *; rewrite V; do 2 f_equal; lra.
  - destruct N; apply Rmult_eq_reg_r with (slope i - slope j); [|lra]; unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra. }
assert (All : forall js is, exists bad, forall x, ~ In x bad -> forall i, In i is -> forall j, In j js ->
  key x i = key x j -> expert_of i = expert_of j).
{ intros js is; induction is as [|i is [bad H]]; [now exists []|]; destruct (One i js) as [bad' H'].
  exists (bad' ++ bad); intros x Hx k [<- | Hk]; [apply H'|apply H; trivial]; intros I; apply Hx; apply in_or_app;
  auto. }
exact (All atoms atoms).
Qed.

Lemma distinct_keys atoms x : clean atoms x -> NoDup (map expert_of atoms) -> NoDup (map (key x) atoms).
Proof.
induction atoms as [|i l IH]; simpl; intros C N; [constructor|]; inversion N as [|? ? Ni Nl]; subst; constructor.
- intros I; apply in_map_iff in I; destruct I as [j [E Hj]]; apply Ni;
  rewrite (C i (or_introl eq_refl) j (or_intror Hj));
    [now apply in_map|now symmetry].
- apply IH; trivial; intros j Hj k Hk; apply C; now right.
Qed.

Lemma crowded_without D b : crowded D -> crowded (fun z => D z /\ z <> b).
Proof.
intros C z e [Hz N]; assert (P : 0 < Rmin e (Rabs (b - z))) by (apply Rmin_pos; [apply cond_pos|apply Rabs_pos_lt;
  lra]).
destruct (C z (mkposreal _ P) Hz) as [z' [H' [N' B]]]; exists z'.
assert (Bz : Rabs (z' + - z) < Rmin e (Rabs (b - z))) by exact B.
assert (K1 := Rmin_l e (Rabs (b - z))); assert (K2 := Rmin_r e (Rabs (b - z))); repeat split; trivial.
- intros ->; unfold Rminus in *; lra.
- change (Rabs (z' + - z) < e); lra.
Qed.

Lemma crowded_but D bad : crowded D -> crowded (fun z => D z /\ ~ In z bad).
Proof.
revert D; induction bad as [|b bad IH]; intros D C z e [Hz N].
- destruct (C z e Hz) as [z' [H' K]]; exists z'; repeat split; tauto.
- destruct (IH _ (crowded_without D b C) z e) as [z' [[[H' Nb] Nbad] K]].
  { repeat split; trivial; [intros ->|intros I]; apply N; [now left|now right]. }
  exists z'; repeat split; try tauto; intros [-> | I]; tauto.
Qed.

Lemma but_for_many s d bad : length d = 3%nat -> forall D, crowded D ->
  (forall z, D z -> ex_derive s z /\ ex_derive (Derive s) z) ->
  (forall z, D z -> ~ In z bad -> dot d (at_point z (F1 s)) = 0) -> forall z, D z -> dot d (at_point z (F1 s)) = 0.
Proof.
intros L; induction bad as [|b bad IH]; intros D C S H z Hz; [now apply H|].
apply (but_for_one D s d b); trivial; [split; [now exists z|trivial]|]; intros w Hw N.
apply (IH (fun z => D z /\ z <> b)); [now apply crowded_without|intros v [Hv _]; now apply S| |now split].
intros v [Hv Nv] Nb; apply H; trivial; intros [-> | I]; tauto.
Qed.

Lemma some_left D bad : (exists z, D z) -> crowded D -> exists z1 z2,
  (D z1 /\ ~ In z1 bad) /\ (D z2 /\ ~ In z2 bad) /\ z1 <> z2.
Proof.
intros [z Hz] C; assert (X : exists z1, D z1 /\ ~ In z1 bad).
{ revert D C z Hz; induction bad as [|b bad IH]; intros D C z Hz; [exists z; tauto|].
  destruct (two_points D b (ex_intro _ z Hz) C) as [z1 [_ [H1 [_ [N1 _]]]]].
  destruct (IH _ (crowded_without D b C) z1 (conj H1 N1)) as [w [[Hw Nw] Nb]]; exists w; split; [trivial|].
  intros [-> | I]; tauto. }
destruct X as [z1 H1]; destruct (crowded_but D bad C z1 (mkposreal 1 Rlt_0_1) H1) as [z2 [H2 [N _]]]; exists z1, z2.
repeat split; try tauto; congruence.
Qed.

(** * 4. The theorem *)

Lemma at_clean s tau d_tau l x : 0 < tau -> l <> [] -> Forall (movable s x) l -> clean (map fst l) x ->
  NoDup (map (fun '(i, _) => expert_of i) l) ->
  (forall y, is_derive (fun h => density s (tau + h * d_tau) (map (fun '(i, m) => after h i m) l) x y) 0 0) ->
  exists k, Forall (fun '(i, m) => of_score s tau d_tau x i m = k /\ d_slope m * x + d_shift m = 0 /\ d_nu m = 0) l.
Proof.
intros Ht Nl Mv C N H; set (M := sum (map (fun '(i, _) => mass s tau x i) l)).
set (M' := sum (map (fun '(i, m) => mass s tau x i * of_score s tau d_tau x i m) l)).
assert (PM : 0 < M).
{ unfold M; destruct l as [|[i m] l']; [easy|]; simpl; assert (P := mass_pos s tau x i).
  enough (0 <= sum (map (fun '(i, _) => mass s tau x i) l')) by lra; clear; induction l' as [|[i m] l IH]; simpl;
  [lra|].
  generalize (mass_pos s tau x i); lra. }
set (p := fun '(i, m) => (map (Rmult (mass s tau x i)) (factor x i (M * of_score s tau d_tau x i m - M')
  (M * d_slope m) (M * d_shift m) (M * d_nu m)), key x i) : list R * (R * R)).
assert (S : forall a r y, polynomial (map (Rmult a) r) y = a * polynomial r y).
{ intros a r y; induction r as [|b r IH]; simpl; [ring|rewrite IH; ring]. }
assert (G : Forall (fun '(q, _) => all_zero q) (map p l)).
{ apply gaussians.
  - rewrite Forall_map; revert Mv; apply Forall_impl; intros [i m] [Hn _]; exact Hn.
  - replace (map snd (map p l)) with (map (key x) (map fst l)) by (rewrite !map_map; apply map_ext; now intros [i m]).
    apply distinct_keys; trivial; rewrite map_map; erewrite map_ext; [exact N|now intros [i m]].
  - intros y; assert (E := equation s tau d_tau l x y Ht Nl Mv (H y)); cbv zeta in E; fold M M' in E.
    apply eq_trans with (2 := E); rewrite map_map; f_equal; apply map_ext_in; intros [i m] I.
    assert (Hn : 0 < nu i) by (rewrite Forall_forall in Mv; exact (proj1 (Mv _ I))).
    unfold p, key; rewrite S, factor_is by trivial; unfold of_normal, expert, of_expert; simpl; ring. }
exists (M' / M); rewrite Forall_map in G; rewrite Forall_forall in G, Mv |- *; intros [i m] I; specialize (G _ I);
  unfold p in G.
assert (Z : all_zero (factor x i (M * of_score s tau d_tau x i m - M') (M * d_slope m) (M * d_shift m) (M * d_nu m))).
{ assert (P := mass_pos s tau x i); unfold all_zero in *; rewrite Forall_map in G; revert G; apply Forall_impl;
  intros b Hb.
  apply Rmult_integral in Hb; destruct Hb; [lra|trivial]. }
apply factor_zero in Z; [|exact (proj1 (Mv _ I))]; destruct Z as [Z1 [Z2 Z3]].
assert (X : forall a, M * a = 0 -> a = 0) by (intros a Ha; apply Rmult_integral in Ha; destruct Ha; [lra|trivial]).
split; [|split; apply X; lra]; apply Rmult_eq_reg_l with M; [|lra]; replace (M * (M' / M)) with M' by (field; lra);
  lra.
Qed.

(** The gate of an atom whose score changes as that of an anchored atom does. *)
Lemma gate_still X s tau d_tau i m k bad : 0 < tau -> (exists x, X x) -> crowded X ->
  (forall x, X x -> ex_derive s (beta1 i * x) /\ ex_derive (Derive s) (beta1 i * x)) ->
  (forall x, X x -> ~ In x bad -> of_score s tau d_tau x i m = - k * d_tau / tau ^ 2) ->
  (beta1 i <> 0 -> independent (fun z => X (z / beta1 i)) (F1 s) -> d_tau = 0) /\
  (d_tau = 0 -> (beta1 i <> 0 -> independent (fun z => X (z / beta1 i)) (F1 s)) -> (beta1 i = 0 -> Derive s 0 <> 0) ->
   d_beta1 m = 0 /\ d_beta0 m = 0).
Proof.
intros Ht NX C S H.
assert (F : beta1 i <> 0 -> independent (fun z => X (z / beta1 i)) (F1 s) ->
  d_tau = 0 /\ d_beta1 m = 0 /\ d_beta0 m = 0).
{ intros Hb I; assert (Ez : forall z, beta1 i * (z / beta1 i) = z) by (intros; field; trivial).
  set (d := [d_beta0 m / tau - (beta0 i - k) * d_tau / tau ^ 2; - d_tau / tau ^ 2; d_beta1 m / (beta1 i * tau)]).
  assert (Zd : all_zero d).
  { apply I; [reflexivity|]; apply (but_for_many s d (map (Rmult (beta1 i)) bad)); [reflexivity| | |].
    - assert (K : crowded (fun z => X (/ beta1 i * z))) by (apply divided; trivial; now apply Rinv_neq_0_compat).
      intros z e Hz; destruct (K z e) as [z' [H' N]]; [unfold Rdiv in Hz; now rewrite Rmult_comm|].
      exists z'; split; [unfold Rdiv; now rewrite Rmult_comm|trivial].
    - intros z Hz; rewrite <- (Ez z); now apply S.
    - intros z Hz Nz; assert (E := H (z / beta1 i) Hz).
      assert (Nb : ~ In (z / beta1 i) bad) by (intros J; apply Nz; apply in_map_iff; now exists (z / beta1 i)).
      specialize (E Nb); unfold of_score in E; rewrite Ez in E; apply Rminus_diag_eq in E.
      apply eq_trans with (2 := E); unfold d; simpl; field; split; lra. }
  inversion Zd as [|? ? Z0 Z']; subst; inversion Z' as [|? ? Z1 Z'']; subst; inversion Z'' as [|? ? Z2 _]; subst.
  apply quotient_zero in Z1; [|apply (pow_lt tau 2); lra]; assert (D0 : d_tau = 0) by lra; rewrite D0 in *.
  assert (D1 : d_beta1 m = 0).
  { apply Rmult_integral in Z2; destruct Z2 as [Z2 | Z2]; [trivial|].
    destruct (Rinv_neq_0_compat (beta1 i * tau)); [apply Rmult_integral_contrapositive_currified; lra|exact Z2]. }
  repeat split; trivial; apply (quotient_zero _ tau Ht); unfold Rdiv in Z0 |- *; lra. }
split; [intros; now apply F|intros D0 I Z]; destruct (Req_dec (beta1 i) 0) as [E | N]; [|now apply F, I].
assert (L : forall x, X x -> ~ In x bad -> d_beta1 m * Derive s 0 * x + d_beta0 m = 0).
{ intros x Hx Nx; specialize (H x Hx Nx); unfold of_score in H; rewrite D0, E, Rmult_0_l in H.
  apply (quotient_zero _ tau Ht); unfold Rdiv in *; lra. }
destruct (some_left X bad NX C) as [x1 [x2 [[H1 N1] [[H2 N2] N]]]].
destruct (line_zero _ _ _ _ N (L x1 H1 N1) (L x2 H2 N2)) as [A ->]; split; [|trivial].
apply Rmult_integral in A; destruct A; [trivial|now destruct Z].
Qed.

Theorem any_number_of_atoms : enough_for_all.
Proof.
intros X s tau d_tau l k m [Ht [B1 [D1 [D0 [[p [Hp Np]]%Exists_exists [Pn N]]]]]] NX C Hl U.
set (all := l ++ [(k, m)]) in *.
destruct (crossings (map fst all)) as [bad Cl].
assert (Nl : all <> []) by (unfold all; now destruct l).
assert (Mv : forall x, X x -> Forall (movable s x) all).
{ intros x Hx; rewrite Forall_forall in Hl, Pn |- *; intros [i n] I; split; [exact (Pn _ I)|].
  apply in_app_or in I; destruct I as [I | [I | []]]; [left; now apply (Hl _ I)|injection I as <- <-; auto]. }
assert (A : forall x, X x -> ~ In x bad -> Forall (fun '(i,
  n) => of_score s tau d_tau x i n = - (s 0 + beta0 k) * d_tau / tau ^ 2
  /\ d_slope n * x + d_shift n = 0 /\ d_nu n = 0) all).
{ intros x Hx Nx; destruct (at_clean s tau d_tau all x Ht Nl (Mv x Hx) (Cl x Nx) N (fun y => U x y Hx)) as [v V].
  assert (Ev : v = - (s 0 + beta0 k) * d_tau / tau ^ 2).
  { rewrite Forall_forall in V; destruct (V (k, m)) as [V1 _]; [apply in_or_app; right; now left|].
    rewrite <- V1; unfold of_score; rewrite B1, D1, D0, !Rmult_0_l; field; lra. }
  now rewrite <- Ev. }
destruct (some_left X bad NX C) as [x1 [x2 [[H1 N1] [[H2 N2] Nx]]]].
assert (A1 := A x1 H1 N1); assert (A2 := A x2 H2 N2); rewrite Forall_forall in Hl, A1, A2.
assert (G : forall i n, In (i, n) l -> (beta1 i <> 0 -> independent (fun z => X (z / beta1 i)) (F1 s) -> d_tau = 0) /\
  (d_tau = 0 -> (beta1 i <> 0 -> independent (fun z => X (z / beta1 i)) (F1 s)) -> (beta1 i = 0 -> Derive s 0 <> 0) ->
  d_beta1 n = 0 /\ d_beta0 n = 0)).
{ intros i n I; apply (gate_still X s tau d_tau i n (s 0 + beta0 k) bad); trivial; [exact (proj1 (Hl _ I))|].
  intros x Hx Nb; assert (V := A x Hx Nb); rewrite Forall_forall in V; apply (V (i, n)); apply in_or_app; now left. }
assert (T : d_tau = 0) by (destruct p as [i n]; apply (G i n Hp); trivial; now apply (Hl _ Hp)).
split; [trivial|]; rewrite Forall_forall; intros [i n] I; assert (V1 := A1 _ I); assert (V2 := A2 _ I);
  simpl in V1, V2.
destruct V1 as [_ [L1 Z]]; destruct V2 as [_ [L2 _]]; destruct (line_zero _ _ _ _ Nx L1 L2) as [Ea Eb].
assert (K : d_beta1 n = 0 /\ d_beta0 n = 0).
{ apply in_app_or in I; destruct I as [I | [I | []]]; [|injection I as <- <-; auto].
  apply (G i n I); trivial; apply (Hl _ I). }
destruct K; repeat split; trivial.
Qed.

(** * 5. Near x = 0 *)

Lemma first_order_near_0 D s : terms_at_0 s -> locally' 0 D -> independent D (F1 s).
Proof.
intros [Sm I] N c L Z; destruct c as [|c0 [|c1 [|c2 [|]]]]; try discriminate.
assert (H : locally 0 (fun z => c0 + moved s 1 c2 c1 0 z + moved s 0 0 0 0 z = 0)).
{ apply at_0_too.
  - apply (continuous_plus (fun z => c0 + moved s 1 c2 c1 0 z) (moved s 0 0 0 0)); [|now apply continuous_moved].
    apply (continuous_plus (fun _ => c0) (moved s 1 c2 c1 0)); [apply continuous_const|now apply continuous_moved].
  - revert N; apply filter_imp; intros z Hz; apply eq_trans with (2 := Z z Hz); unfold moved.
    change (Derive_n s 1) with (Derive s); simpl; rewrite Rmult_1_l; ring. }
assert (V := gates_vanish _ _ _ _ _ _ _ _ Sm H); destruct (greater_gate 1 c2 c1 0 0 0) as [-> ->].
{ rewrite Rabs_R0, Rabs_R1; lra. }
{ intros M; destruct (I M) as [n [Ln [Pn Hn]]]; exists n; split; [trivial|split; [trivial|]].
  specialize (V n Pn); apply Rmult_integral in V; tauto. }
assert (W := locally_singleton _ _ H); unfold moved in W; rewrite !Rmult_0_r in W.
repeat constructor; lra.
Qed.

Lemma for_all_near_0 s : terms_at_0 s -> Derive s 0 <> 0 -> forall X tau d_tau l k m, anchored_atoms tau l k m ->
  locally' 0 X -> unseen_move X s tau d_tau (l ++ [(k, m)]) ->
  d_tau = 0 /\ Forall (fun '(_, n) => still n) (l ++ [(k, m)]).
Proof.
intros T S1 X tau d_tau l k m A N U; assert (Sm := proj1 T).
assert (R : locally' 0 (fun x => forall p : atom * move, In p l -> forall n, ex_derive_n s n (beta1 (fst p) * x))).
{ apply near_all; intros p; unfold locally', within.
  generalize (near_scaled (beta1 (fst p)) _ Sm); apply filter_imp; auto. }
destruct (filter_and _ _ N R) as [e He]; set (B := fun x => x <> 0 /\ - e < x /\ x < e).
assert (XB : forall x, B x -> X x /\ forall p, In p l -> forall n, ex_derive_n s n (beta1 (fst p) * x)).
{ intros x [Hx [L1 L2]]; apply He; trivial; unfold ball; simpl; unfold AbsRing_ball, abs, minus, plus, opp; simpl.
  rewrite Ropp_0, Rplus_0_r; now apply Rabs_def1. }
assert (NB : locally' 0 B).
{ exists e; intros x Hx Nx; split; [trivial|]; revert Hx; unfold ball; simpl.
  unfold AbsRing_ball, abs, minus, plus, opp; simpl; rewrite Ropp_0, Rplus_0_r; intros Hx; apply Rabs_def2 in Hx;
  lra. }
apply (any_number_of_atoms B s tau d_tau l k m A).
- exists (e / 2); assert (P := cond_pos e); unfold B; lra.
- apply open_crowded, open_and; [apply open_neq|apply open_and; [apply open_gt|apply open_lt]].
- rewrite Forall_forall; intros [i n] I; split; [|split; [|trivial]].
  + intros x Hx; destruct (XB x Hx) as [_ Q]; split; [exact (Q _ I 1%nat)|exact (Q _ I 2%nat)].
  + intros Hb; apply first_order_near_0; trivial; unfold locally', within in *.
    generalize (near_scaled (/ beta1 i) _ NB); apply filter_imp; intros z Hz Nz; unfold Rdiv; rewrite Rmult_comm;
    apply Hz.
    apply Rmult_integral_contrapositive_currified; [now apply Rinv_neq_0_compat|trivial].
- intros x y Hx; now apply U, XB.
Qed.

Theorem four_for_any_number : four_for_all.
Proof.
assert (F := four_terms); revert F; apply Forall_impl; intros s [T D]; now apply for_all_near_0.
Qed.

Definition everything := (any_number_of_atoms, four_for_any_number).
Print Assumptions everything.
