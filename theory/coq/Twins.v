(** Twins: a density of a tanh, GELU or softplus gate has one parameter, up to twins that are listed (d = 1).

    Part 1 says what is proved; the other parts prove it, and their theorems are those statements. *)

From Coquelicot Require Import Coquelicot.
From Coq Require Import Reals List Lra Lia Permutation.
From Temperance Require Import Temperance Mixtures.
Import ListNotations.
Open Scope R_scope.

(** * 1. Statements *)

(** ** Independence of the s (b x) *)

Definition infinitely_many (P : nat -> Prop) : Prop := forall N, exists n, (N <= n)%nat /\ P n.

(** The sum of c g(b) over the pairs (c, b) of l. *)
Definition combination (l : list (R * R)) (g : R -> R) : R := sum (map (fun '(c, b) => c * g b) l).

(** Sums of c b^(2 m + e) that are 0 for infinitely many m: the coefficients at B and - B cancel, those of odd powers
    (e = 1) with their signs. *)
Definition power_sums_vanish : Prop := forall e l, (0 < e)%nat ->
  infinitely_many (fun m => combination l (fun b => b ^ (2 * m + e)) = 0) ->
  forall B, B <> 0 -> combination l (fun b => if Req_EM_T (Rabs b) (Rabs B) then b ^ e else 0) = 0.

(** s has all derivatives near 0, and infinitely many odd ones, or even ones, are not 0 at 0. *)
Definition smooth_at_0 (s : R -> R) : Prop := locally 0 (fun z => forall n, ex_derive_n s n z).
Definition odd_terms s : Prop := smooth_at_0 s /\ infinitely_many (fun m => Derive_n s (2 * m + 1) 0 <> 0).
Definition even_terms s : Prop := smooth_at_0 s /\ infinitely_many (fun m => Derive_n s (2 * m + 2) 0 <> 0).

(** 1 and the functions s (b x), for b in bs. *)
Definition dilations (s : R -> R) (bs : list R) : list (R -> R) := (fun _ => 1) :: map (fun b x => s (b * x)) bs.

(** They are independent on every set that holds all x near 0, but perhaps 0: for b of distinct sizes, *)
Definition free_in_size s : Prop := forall D bs, locally' 0 D -> Forall (fun b => b <> 0) bs -> NoDup (map Rabs bs) ->
  independent D (dilations s bs).
(** and for distinct b. *)
Definition free s : Prop := forall D bs, locally' 0 D -> Forall (fun b => b <> 0) bs -> NoDup bs ->
  independent D (dilations s bs).

Definition odd_terms_suffice : Prop := forall s, odd_terms s -> free_in_size s.
Definition even_terms_suffice : Prop := forall s, even_terms s -> free_in_size s.
Definition terms_suffice : Prop := forall s, odd_terms s -> even_terms s -> free s.

Definition softplus (z : R) : R := ln (1 + exp z).
Definition three_activations : Prop := free_in_size tanh /\ free_in_size gelu /\ free_in_size softplus.

(** ** Twins: what else has one density *)

(** The gates (b, c) of two atoms and those of their twins, (b', c') with l times the temperature: where s has odd
    terms, *)
Definition odd_twin b c l b' c' : Prop :=
  l = 1 /\ (b' = b /\ c' = c \/ b' = - c /\ c' = - b) \/
  l = 1 / 2 /\ c = - b /\ (b' = b /\ c' = 0 \/ b' = 0 /\ c' = c) \/
  l = 2 /\ (c = 0 /\ b' = b /\ c' = - b \/ b = 0 /\ b' = - c /\ c' = c).
(** and where it has even terms and its odd part is linear. *)
Definition mirror_twin b c l b' c' : Prop := l = 1 /\ b' = b /\ c' = c \/ c = - b /\ b' = l * b /\ c' = l * c.

Definition expert_of (i : atom) : R * R * R := (slope i, shift i, nu i).
Definition proper (atoms : list atom) : Prop := Forall (fun i => 0 < nu i) atoms /\ NoDup (map expert_of atoms).

(** Atoms with distinct experts that have one density for all x near 0, but perhaps 0: up to their numbering they have
    the same experts, and the gates of every two of them are twins. *)
Definition only_twins (twin : R -> R -> R -> R -> R -> Prop) (s : R -> R) : Prop :=
  forall tau tau' atoms atoms', 0 < tau -> 0 < tau' -> proper atoms -> proper atoms' ->
  locally' 0 (fun x => forall y, density s tau atoms x y = density s tau' atoms' x y) ->
  exists renumbered, Permutation atoms' renumbered /\ map expert_of renumbered = map expert_of atoms /\
  forall i i' j j', In (i, i') (combine atoms renumbered) -> In (j, j') (combine atoms renumbered) ->
    beta0 i' - beta0 j' = tau' / tau * (beta0 i - beta0 j) /\
    (beta1 i = beta1 j -> beta1 i' = beta1 j') /\
    (beta1 i <> beta1 j -> twin (beta1 i) (beta1 j) (tau' / tau) (beta1 i') (beta1 j')).

Definition only_odd_twins : Prop := forall s, odd_terms s -> only_twins odd_twin s.
Definition only_mirror_twins : Prop := forall s q, even_terms s -> (forall z, s z - s (- z) = q * z) -> q <> 0 ->
  only_twins mirror_twin s.
Definition three_identified : Prop :=
  only_twins odd_twin tanh /\ only_twins mirror_twin gelu /\ only_twins mirror_twin softplus.

(** They are twins: `odd_twins` and `mirror_orbit` of Mixtures.v, and the exchange (b, c) -> (- c, - b). *)
Definition exchange : Prop := forall s, (forall z, s z + s (- z) = 2 * s 0) -> forall i j tau,
  one_density s tau [i; j] tau [regate i (- beta1 j) (beta0 i); regate j (- beta1 i) (beta0 j)].

(** * 2. Functions of which one dominates *)

Section Domination.
Context {T A : Type} (F : (T -> Prop) -> Prop) {FF : ProperFilter F}.
Variables (f : A -> T -> R) (ok : A -> Prop) (dec : forall a b : A, {a = b} + {a <> b}).

Definition dominated (a b : A) : Prop := filterlim (fun x => f a x / f b x) F (locally 0).
Hypothesis nonzero : forall a, ok a -> F (fun x => f a x <> 0).
Hypothesis total : forall a b, ok a -> ok b -> a <> b -> dominated a b \/ dominated b a.

Definition weight (a : A) (l : list (R * A)) : R := sum (map (fun '(w, b) => if dec b a then w else 0) l).
Definition total_of (l : list (R * A)) (x : T) : R := sum (map (fun '(w, a) => w * f a x) l).

Lemma dominated_trans a b c : ok b -> dominated a b -> dominated b c -> dominated a c.
Proof.
intros Hb H K; apply filterlim_ext_loc with (fun x => mult (f a x / f b x) (f b x / f c x)).
- generalize (nonzero b Hb); apply filter_imp; intros x N; unfold mult, Rdiv; simpl.
  rewrite <- Rmult_assoc; f_equal; field; trivial.
- replace 0 with (mult 0 0) by (unfold mult; simpl; ring).
  apply (filterlim_comp_2 _ _ mult H K); apply @filterlim_mult.
Qed.

Lemma greatest l : l <> [] -> Forall ok l -> exists a, In a l /\ forall b, In b l -> b <> a -> dominated b a.
Proof.
induction l as [|a l IH]; intros N O; [easy|inversion O as [|? ? Oa Ol]; subst].
destruct l as [|c l']; [exists a; split; [now left|intros b [<- | []] Hb; now destruct Hb]|].
destruct (IH ltac:(easy) Ol) as [m [Hm Dm]]; assert (Om : ok m) by (now apply (proj1 (Forall_forall ok _) Ol)).
destruct (dec a m) as [-> | Nam].
- exists m; split; [now left|intros b [<- | Hb] Nb; [now destruct Nb|now apply Dm]].
- destruct (total a m Oa Om Nam) as [H | H].
  + exists m; split; [now right|intros b [<- | Hb] Nb; [exact H|now apply Dm]].
  + exists a; split; [now left|intros b [<- | Hb] Nb; [now destruct Nb|]].
    destruct (dec b m) as [-> | Nbm]; [exact H|].
    now apply dominated_trans with m; [|apply Dm|].
Qed.

Lemma ratio a l : ok a -> (forall b, In b (map snd l) -> b <> a -> dominated b a) ->
  filterlim (fun x => total_of l x / f a x) F (locally (weight a l)).
Proof.
intros Oa; induction l as [|[w b] l IH]; intros H; unfold total_of, weight; simpl.
- apply filterlim_ext with (fun _ => 0); [intros; unfold Rdiv; ring|apply filterlim_const].
- apply filterlim_ext with (fun x => plus (mult w (f b x / f a x)) (total_of l x / f a x)).
  { intros x; unfold plus, mult, total_of; simpl; unfold Rdiv; ring. }
  apply (filterlim_comp_2 (G := locally (if dec b a then w else 0)) (H := locally (weight a l)));
    [|apply IH; intros c Hc; apply H; now right|apply @filterlim_plus].
  destruct (dec b a) as [-> | N].
  + apply filterlim_ext_loc with (fun _ => w); [|apply filterlim_const].
    generalize (nonzero a Oa); apply filter_imp; intros x N; unfold mult; simpl; field; trivial.
  + replace 0 with (mult w 0) by (unfold mult; simpl; ring).
    apply (filterlim_comp_2 (G := locally w) (H := locally 0)); [apply filterlim_const| |apply @filterlim_mult].
    now apply H; [left|].
Qed.

Lemma split_weight a l x : total_of l x = weight a l * f a x + total_of (filter (fun '(_, b) => if dec b a then false
  else true) l) x.
Proof.
induction l as [|[w b] l IH]; unfold total_of, weight in *; simpl; [ring|]; rewrite IH.
destruct (dec b a) as [-> | N]; simpl; ring.
Qed.

Lemma weight_filter a b l : a <> b -> weight a (filter (fun '(_, c) => if dec c b then false else true) l) = weight a l.
Proof.
intros N; induction l as [|[w c] l IH]; [easy|]; simpl; unfold weight in *.
destruct (dec c b) as [-> | M]; simpl; rewrite IH; [destruct (dec b a); [now destruct N|ring]|easy].
Qed.

(** A combination that vanishes again and again has the coefficient 0 at every function. *)
Theorem no_relation l : Forall ok (map snd l) -> (forall P : T -> Prop, F P -> exists x, P x /\ total_of l x = 0) ->
  forall a, weight a l = 0.
Proof.
remember (length l) as n eqn:E; assert (L : (length l <= n)%nat) by lia; clear E; revert l L.
induction n as [|n IH]; intros l L O Z a.
{ destruct l; [reflexivity|simpl in L; lia]. }
destruct l as [|e l']; [reflexivity|]; set (l := e :: l') in *.
destruct (greatest (map snd l)) as [m [Hm Dm]]; [easy|trivial|].
assert (Om : ok m) by (now apply (proj1 (Forall_forall ok _) O)).
assert (W : weight m l = 0).
{ destruct (Req_dec (weight m l) 0) as [W | W]; [trivial|exfalso].
  assert (K := ratio m l Om Dm); assert (P : 0 < Rabs (weight m l)) by (now apply Rabs_pos_lt).
  destruct (Z _ (proj1 (filterlim_locally _ _) K (mkposreal _ P))) as [x [B Zx]].
  rewrite Zx in B; unfold ball in B; simpl in B; unfold AbsRing_ball, abs, minus, plus, opp in B; simpl in B.
  replace (0 / f m x + - weight m l) with (- weight m l) in B by (unfold Rdiv; ring); rewrite Rabs_Ropp in B; lra. }
destruct (dec a m) as [-> | N]; [exact W|].
rewrite <- (weight_filter a m l N); apply IH.
- assert (In e l) by (now left); apply in_map_iff in Hm; destruct Hm as [[w m'] [<- He]].
  assert (K : (length (filter (fun '(_, c) => if dec c (snd (w, m')) then false else true) l) < length l)%nat);
    [|simpl in K, L |- *; lia].
  clear - He; induction l as [|[v c] l IH]; [easy|]; simpl in He |- *; destruct He as [E | He].
  + injection E as -> ->; destruct (dec m' m'); [|easy].
    generalize (filter_length_le (fun '(_, c) => if dec c m' then false else true) l); simpl; lia.
  + specialize (IH He); destruct (dec c m'); simpl in *; lia.
- apply Forall_forall; intros b Hb; apply (proj1 (Forall_forall ok _) O); apply in_map_iff in Hb.
  destruct Hb as [e' [<- He]]; apply filter_In in He; now apply in_map.
- intros P HP; destruct (Z P HP) as [x [Px Zx]]; exists x; split; [trivial|].
  rewrite (split_weight m) in Zx; rewrite W in Zx; lra.
Qed.
End Domination.

(** * 3. Power sums, and Taylor terms *)

Lemma combination_ext l g h : (forall b, g b = h b) -> combination l g = combination l h.
Proof. intros H; unfold combination; f_equal; apply map_ext; intros [c b]; now rewrite H. Qed.

Lemma powers_dominated q r : 0 < q -> q < r -> dominated Hierarchy.eventually (fun q n => q ^ n) q r.
Proof.
intros Hq H; change (is_lim_seq (fun n => q ^ n / r ^ n) 0); apply is_lim_seq_ext with (fun n => (q / r) ^ n).
- intros n; unfold Rdiv; now rewrite Rpow_mult_distr, pow_inv.
- apply is_lim_seq_geom; rewrite Rabs_pos_eq by (apply Rlt_le, Rdiv_lt_0_compat; lra).
  apply Rmult_lt_reg_r with r; [lra|]; unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra.
Qed.

(** The coefficients at B and - B. *)
Theorem power_sums : power_sums_vanish.
Proof.
intros e l He H B HB.
set (q := fun b => if Req_EM_T b 0 then 1 else b ^ 2); set (k := map (fun '(c, b) => (c * b ^ e, q b)) l).
assert (Z0 : 0 ^ e = 0) by (apply pow_i; lia).
assert (Q : forall b, b <> 0 -> 0 < b ^ 2) by (intros b Hb; rewrite <- Rsqr_pow2; now apply Rsqr_pos_lt).
transitivity (weight Req_EM_T (B ^ 2) k);
  [|apply (no_relation Hierarchy.eventually (fun q n => q ^ n) (fun q => 0 < q) Req_EM_T)].
- unfold weight, k, combination; rewrite map_map; f_equal; apply map_ext; intros [c b]; unfold q.
  destruct (Req_EM_T b 0) as [-> | Hb].
  + rewrite Z0; destruct (Req_EM_T (Rabs 0) (Rabs B)), (Req_EM_T 1 (B ^ 2)); ring.
  + rewrite <- !Rsqr_pow2; destruct (Req_EM_T (Rabs b) (Rabs B)) as [E | E], (Req_EM_T (Rsqr b) (Rsqr B)) as [K | K];
    try ring.
    * now destruct K; apply Rsqr_eq_asb_1.
    * now destruct E; apply Rsqr_eq_abs_0.
- intros a Ha; exists 0%nat; intros n _; apply pow_nonzero; lra.
- intros a b Ha Hb N; destruct (Rlt_le_dec a b); [left|right]; apply powers_dominated; lra.
- apply Forall_forall; intros a Ha; unfold k in Ha; rewrite map_map in Ha; apply in_map_iff in Ha.
  destruct Ha as [[c b] [<- _]]; simpl; unfold q; destruct (Req_EM_T b 0); [lra|now apply Q].
- intros P [N HN]; destruct (H N) as [m [Hm E]]; exists m; split; [now apply HN|].
  rewrite <- E; unfold total_of, k, combination; rewrite map_map; f_equal; apply map_ext; intros [c b]; unfold q.
  rewrite pow_add, pow_mult; destruct (Req_EM_T b 0) as [-> | _]; [rewrite Z0|]; ring.
Qed.

Lemma alone (g h : R -> R) c bs : length c = length bs -> NoDup (map g bs) ->
  (forall b, In b bs -> h b <> 0 /\
    combination (combine c bs) (fun d => if Req_EM_T (g d) (g b) then h d else 0) = 0) -> all_zero c.
Proof.
revert bs; induction c as [|a c IH]; intros [|b bs] L N H; try discriminate; [constructor|].
inversion N as [|? ? Nb Nbs]; subst; constructor.
- destruct (H b ltac:(now left)) as [Hb E]; unfold combination in E; simpl in E.
  destruct (Req_EM_T (g b) (g b)) as [_ | F]; [|now destruct F].
  assert (Z : sum (map (fun '(c, d) => c * (if Req_EM_T (g d) (g b) then h d else 0)) (combine c bs)) = 0).
  { clear - Nb; revert c; induction bs as [|d bs IH]; intros [|a c]; trivial; simpl in Nb |- *.
    destruct (Req_EM_T (g d) (g b)) as [F | _]; [destruct Nb; now left|]; rewrite IH by tauto; ring. }
  rewrite Z in E; apply Rmult_eq_reg_r with (h b); lra.
- apply (IH bs); [now injection L|trivial|]; intros d Hd; destruct (H d ltac:(now right)) as [Hh E]; split; trivial.
  unfold combination in E |- *; simpl in E; destruct (Req_EM_T (g b) (g d)) as [F | _]; [|lra].
  destruct Nb; rewrite F; now apply in_map.
Qed.

Lemma smooth_dilate s b : smooth_at_0 s -> smooth_at_0 (fun x => s (b * x)).
Proof.
intros H; unfold smooth_at_0 in *; apply locally_locally in H.
assert (C : filterlim (fun x => b * x) (locally 0) (locally (b * 0))).
{ exact (continuous_scal_r b (fun x : R => x) 0 (continuous_id 0)). }
rewrite Rmult_0_r in C; generalize (C _ H); unfold filtermap; apply filter_imp; intros x Hx n.
apply ex_derive_n_comp_scal; generalize Hx; apply filter_imp; auto.
Qed.

Lemma smooth_combination s l : smooth_at_0 s -> smooth_at_0 (fun x => combination l (fun b => s (b * x))).
Proof.
intros H; induction l as [|[c b] l IH].
- unfold smooth_at_0; apply filter_forall; intros z n; apply (ex_derive_n_const 0).
- generalize (filter_and _ _ (locally_locally _ _ (smooth_dilate s b H)) (locally_locally _ _ IH)).
  unfold smooth_at_0; apply filter_imp; intros z [Hz Kz] n; apply (ex_derive_n_plus (fun x => c * s (b * x))).
  + generalize Hz; apply filter_imp; intros; now apply ex_derive_n_scal_l.
  + generalize Kz; apply filter_imp; auto.
Qed.

Lemma derive_combination s l n : smooth_at_0 s ->
  Derive_n (fun x => combination l (fun b => s (b * x))) n 0 = combination l (fun b => b ^ n) * Derive_n s n 0.
Proof.
intros H; induction l as [|[c b] l IH].
- unfold combination; simpl; destruct n; [simpl; ring|rewrite Derive_n_const; ring].
- transitivity (Derive_n (fun x => c * s (b * x) + combination l (fun b => s (b * x))) n 0); [reflexivity|].
  rewrite Derive_n_plus.
  + rewrite IH, Derive_n_scal_l, Derive_n_comp_scal; [unfold combination; simpl; rewrite Rmult_0_r; ring|].
    rewrite Rmult_0_r; generalize H; unfold smooth_at_0; apply filter_imp; auto.
  + generalize (smooth_dilate s b H); unfold smooth_at_0; apply filter_imp; intros; now apply ex_derive_n_scal_l.
  + generalize (smooth_combination s l H); unfold smooth_at_0; apply filter_imp; auto.
Qed.

(** A relation off 0 holds at 0 too. *)
Lemma at_zero s l k : smooth_at_0 s -> locally' 0 (fun x => combination l (fun b => s (b * x)) = k) ->
  locally 0 (fun x => combination l (fun b => s (b * x)) = k).
Proof.
intros H E; set (h := fun x => combination l (fun b => s (b * x))) in *.
assert (C : continuous h 0).
{ apply @ex_derive_continuous; exact (locally_singleton _ _ (smooth_combination s l H) 1%nat). }
assert (Z : h 0 = k).
{ apply (filterlim_locally_unique (F := Rbar_locally' 0) h).
  - intros P HP; apply filter_le_within; now apply C.
  - apply filterlim_ext_loc with (fun _ => k); [|apply filterlim_const].
    generalize E; apply filter_imp; auto. }
unfold locally', within in E; generalize E; apply filter_imp; intros x Hx; destruct (Req_dec x 0) as [-> | N]; auto.
Qed.

Lemma coefficients e s l k : (0 < e)%nat -> smooth_at_0 s -> infinitely_many (fun m => Derive_n s (2 * m + e) 0 <> 0) ->
  locally' 0 (fun x => combination l (fun b => s (b * x)) = k) ->
  forall B, B <> 0 -> combination l (fun b => if Req_EM_T (Rabs b) (Rabs B) then b ^ e else 0) = 0.
Proof.
intros He H I E; apply (power_sums e l He); intros N; destruct (I N) as [m [Hm Dm]]; exists m; split; trivial.
apply Rmult_eq_reg_r with (Derive_n s (2 * m + e) 0); trivial.
rewrite <- (derive_combination s l _ H), (Derive_n_ext_loc _ (fun _ => k)) by (now apply at_zero).
replace (2 * m + e)%nat with (S (2 * m + e - 1)) by lia; rewrite Derive_n_const; ring.
Qed.

(** * 4. Independence *)

Lemma abs_eq b B : Rabs b = Rabs B <-> b = B \/ b = - B.
Proof.
split; [unfold Rabs; destruct (Rcase_abs b), (Rcase_abs B); intros; lra|intros [-> | ->]; [|rewrite Rabs_Ropp]; easy].
Qed.

Lemma dot_dilations s c0 c bs x : length c = length bs ->
  dot (c0 :: c) (at_point x (dilations s bs)) = c0 + combination (combine c bs) (fun b => s (b * x)).
Proof.
intros L; simpl; rewrite Rmult_1_r; f_equal; revert bs L.
induction c as [|a c IH]; intros [|b bs] L; try discriminate; [easy|]; simpl.
rewrite IH by now injection L. reflexivity.
Qed.

Lemma independent_by s D bs : locally' 0 D ->
  (forall c k, length c = length bs -> locally' 0 (fun x => combination (combine c bs) (fun b => s (b * x)) = k) ->
    all_zero c) -> independent D (dilations s bs).
Proof.
intros HD H [|c0 c] L E; [constructor|]; simpl in L; rewrite length_map in L; injection L as L.
assert (K : locally' 0 (fun x => combination (combine c bs) (fun b => s (b * x)) = - c0)).
{ generalize HD; apply filter_imp; intros x Dx; specialize (E x Dx); rewrite dot_dilations in E by trivial; lra. }
assert (Z := H c _ L K); constructor; [|exact Z].
destruct (filter_ex (F := Rbar_locally' 0) _ K) as [x Hx].
assert (V : combination (combine c bs) (fun b => s (b * x)) = 0).
{ clear - Z; revert bs; induction Z as [|a c -> Z IH]; intros [|b bs]; try reflexivity.
  unfold combination in IH |- *; simpl; rewrite IH; ring. }
lra.
Qed.

Lemma in_size e s : (0 < e)%nat -> smooth_at_0 s -> infinitely_many (fun m => Derive_n s (2 * m + e) 0 <> 0) ->
  free_in_size s.
Proof.
intros He H I D bs HD Hb N; apply independent_by; trivial; intros c k L E.
apply (alone Rabs (fun b => b ^ e) c bs L N); intros b Hin.
assert (b <> 0) by (now apply (proj1 (Forall_forall _ _) Hb)).
split; [now apply pow_nonzero|now apply (coefficients e s _ k)].
Qed.

Theorem odd_free : odd_terms_suffice.
Proof. intros s [H I]; apply (in_size 1); auto. Qed.

Theorem even_free : even_terms_suffice.
Proof. intros s [H I]; apply (in_size 2); auto. Qed.

Lemma combination_plus l g h : combination l (fun b => g b + h b) = combination l g + combination l h.
Proof. unfold combination; induction l as [|[c b] l IH]; simpl; [ring|rewrite IH; ring]. Qed.

Lemma combination_scal l q g : combination l (fun b => q * g b) = q * combination l g.
Proof. unfold combination; induction l as [|[c b] l IH]; simpl; [ring|rewrite IH; ring]. Qed.

Theorem both_free : terms_suffice.
Proof.
intros s [H I] [_ J] D bs HD Hb N; apply independent_by; trivial; intros c k L E.
apply (alone (fun b => b) (fun _ => 1) c bs L); [now rewrite map_id|]; intros B HB; split; [lra|].
assert (B <> 0) by (now apply (proj1 (Forall_forall _ _) Hb)).
assert (O := coefficients 1 s _ k ltac:(lia) H I E B ltac:(trivial)).
assert (V := coefficients 2 s _ k ltac:(lia) H J E B ltac:(trivial)).
rewrite (combination_ext _ _ (fun b => / (2 * B ^ 2) * ((if Req_EM_T (Rabs b) (Rabs B) then b ^ 2 else 0) +
  B * (if Req_EM_T (Rabs b) (Rabs B) then b ^ 1 else 0)))).
- rewrite combination_scal, combination_plus, combination_scal, O, V; ring.
- intros b; destruct (Req_EM_T (Rabs b) (Rabs B)) as [K | K].
  + apply abs_eq in K; destruct K as [-> | ->]; [destruct (Req_EM_T B B)|destruct (Req_EM_T (- B) B)]; try lra; field;
    trivial.
  + destruct (Req_EM_T b B) as [-> | _]; [now destruct K|ring].
Qed.

(** * 5. Three activations *)

(** Of a sequence of functions, each the derivative of the one before. *)
Lemma tower (h : nat -> R -> R) : (forall n z, is_derive (h n) z (h (S n) z)) ->
  forall n z, ex_derive_n (h 0%nat) n z /\ Derive_n (h 0%nat) n z = h n z.
Proof.
intros H n; induction n as [|n IH]; intros z; simpl; [easy|].
assert (E : forall x, h n x = Derive_n (h 0%nat) n x) by (intros x; now rewrite (proj2 (IH x))).
split; [exists (h (S n) z)|apply is_derive_unique]; apply (is_derive_ext _ _ _ _ E), H.
Qed.

(** Derivatives of tanh: sums of r (-1)^m tanh^(2 m + e), r >= 0. *)
Inductive cone (e : nat) : (R -> R) -> Prop :=
| cone_zero : cone e (fun _ => 0)
| cone_plus m r g : 0 <= r -> cone e g -> cone e (fun z => r * (- 1) ^ m * tanh z ^ (2 * m + e) + g z).

Lemma derive_power n z : is_derive (fun z => tanh z ^ n) z (INR n * tanh z ^ pred n * (1 - tanh z ^ 2)).
Proof.
replace (INR n * tanh z ^ pred n * (1 - tanh z ^ 2)) with (INR n * (1 - tanh z * tanh z) * tanh z ^ pred n) by ring.
apply is_derive_pow, is_derive_tanh.
Qed.

Lemma derive_term e m r g z g' : is_derive g z g' ->
  is_derive (fun z => r * (- 1) ^ m * tanh z ^ (2 * m + e) + g z) z
    (r * (- 1) ^ m * (INR (2 * m + e) * tanh z ^ pred (2 * m + e) * (1 - tanh z ^ 2)) + g').
Proof. intros H; apply @is_derive_plus; [apply is_derive_scal, derive_power|exact H]. Qed.

Lemma cone_odd g : cone 1 g -> exists g', cone 0 g' /\ forall z, is_derive g z (g' z).
Proof.
induction 1 as [|m r g Hr _ [g' [C D]]].
- exists (fun _ => 0); split; [constructor|intros z; apply @is_derive_const].
- exists (fun z => INR (2 * m + 1) * r * (- 1) ^ m * tanh z ^ (2 * m + 0) +
    (INR (2 * m + 1) * r * (- 1) ^ S m * tanh z ^ (2 * S m + 0) + g' z)).
  split; [do 2 (apply cone_plus; [apply Rmult_le_pos; trivial; apply pos_INR|]); trivial|intros z].
  assert (K := derive_term 1 m r g z (g' z) (D z)).
  replace (pred (2 * m + 1)) with (2 * m)%nat in K by lia; replace (2 * S m + 0)%nat with (2 * m + 2)%nat by lia.
  rewrite Nat.add_0_r, pow_add; replace ((- 1) ^ S m) with (- (- 1) ^ m) by (simpl; ring).
  evar_last; [exact K|ring].
Qed.

Lemma cone_even g : cone 0 g -> exists g', cone 1 g' /\ forall z, is_derive g z (- g' z).
Proof.
induction 1 as [|m r g Hr _ [g' [C D]]].
- exists (fun _ => 0); split; [constructor|intros z; rewrite Ropp_0; apply @is_derive_const].
- assert (K := fun z => derive_term 0 m r g z _ (D z)).
  destruct m as [|m].
  { exists g'; split; trivial; intros z; evar_last; [exact (K z)|simpl; ring]. }
  exists (fun z => INR (2 * m + 2) * r * (- 1) ^ m * tanh z ^ (2 * m + 1) +
    (INR (2 * m + 2) * r * (- 1) ^ S m * tanh z ^ (2 * S m + 1) + g' z)).
  split; [do 2 (apply cone_plus; [apply Rmult_le_pos; trivial; apply pos_INR|]); trivial|intros z; specialize (K z)].
  replace (2 * S m + 0)%nat with (2 * m + 2)%nat in K |- * by lia;
    replace (pred (2 * m + 2)) with (2 * m + 1)%nat in K by lia.
  replace (2 * S m + 1)%nat with (2 * m + 1 + 2)%nat by lia; rewrite (pow_add _ (2 * m + 1) 2).
  replace ((- 1) ^ S m) with (- (- 1) ^ m) in K |- * by (simpl; ring).
  evar_last; [exact K|ring].
Qed.

Lemma tanh_0 : tanh 0 = 0.
Proof. unfold tanh; rewrite sinh_0; unfold Rdiv; ring. Qed.

Lemma cone_at_0 g : cone 0 g -> 0 <= g 0.
Proof.
induction 1 as [|m r g Hr _ IH]; [lra|]; rewrite tanh_0.
destruct m as [|m]; [simpl; lra|rewrite (pow_i (2 * S m + 0)) by lia; lra].
Qed.

(** The derivatives of even order are k (r tanh + g), those of odd order k (r (1 - tanh^2) + g'). *)
Lemma next_of_tanh n k r g : cone 1 g -> (forall z, Derive_n tanh n z = k * (r * tanh z + g z)) ->
  exists g', cone 0 g' /\ forall z, is_derive (Derive_n tanh n) z (k * (r * (1 - tanh z ^ 2) + g' z)).
Proof.
intros C E; destruct (cone_odd g C) as [g' [C' D]]; exists g'; split; [trivial|intros z].
apply (is_derive_ext (fun z => k * (r * tanh z + g z))); [intros; now rewrite E|].
apply is_derive_scal, @is_derive_plus; [|apply D]; apply is_derive_scal.
replace (1 - tanh z ^ 2) with (1 - tanh z * tanh z) by ring; apply is_derive_tanh.
Qed.

Lemma even_of_tanh n : exists k r g, k <> 0 /\ 0 < r /\ cone 1 g /\
  forall z, ex_derive_n tanh (2 * n) z /\ Derive_n tanh (2 * n) z = k * (r * tanh z + g z).
Proof.
induction n as [|n [k [r [g [Hk [Hr [C E]]]]]]].
- exists 1, 1, (fun _ => 0); repeat split; [lra|lra|constructor|simpl; ring].
- destruct (next_of_tanh _ k r g C (fun z => proj2 (E z))) as [g1 [C1 D1]]; destruct (cone_even g1 C1) as [g2 [C2 D2]].
  assert (N : forall z, is_derive (Derive_n tanh (S (2 * n))) z
    (- k * (2 * r * tanh z + (2 * r * (- 1) ^ 1 * tanh z ^ (2 * 1 + 1) + g2 z)))).
  { intros z; apply (is_derive_ext (fun z => k * (r * (1 - tanh z ^ 2) + g1 z))).
    - intros y; symmetry; apply is_derive_unique, D1.
    - replace (- k * (2 * r * tanh z + (2 * r * (- 1) ^ 1 * tanh z ^ (2 * 1 + 1) + g2 z))) with
        (k * (r * (0 - INR 2 * tanh z ^ pred 2 * (1 - tanh z ^ 2)) + - g2 z)) by (simpl; ring).
      apply is_derive_scal, @is_derive_plus; [|apply D2]; apply is_derive_scal.
      apply @is_derive_minus; [apply @is_derive_const|apply (derive_power 2)]. }
  exists (- k), (2 * r), (fun z => 2 * r * (- 1) ^ 1 * tanh z ^ (2 * 1 + 1) + g2 z).
  split; [lra|split; [lra|split; [apply cone_plus; [lra|trivial]|intros z]]].
  replace (2 * S n)%nat with (S (S (2 * n))) by lia; split; [eexists; apply N|apply is_derive_unique, N].
Qed.

Lemma smooth_tanh n z : ex_derive_n tanh n z.
Proof.
destruct (Nat.Even_or_Odd n) as [[m ->] | [m ->]]; destruct (even_of_tanh m) as [k [r [g [_ [_ [C E]]]]]]; [apply E|].
destruct (next_of_tanh _ k r g C (fun z => proj2 (E z))) as [g' [_ D]].
replace (2 * m + 1)%nat with (S (2 * m)) by lia; eexists; apply D.
Qed.

Lemma odd_of_tanh m : Derive_n tanh (2 * m + 1) 0 <> 0.
Proof.
destruct (even_of_tanh m) as [k [r [g [Hk [Hr [C E]]]]]].
destruct (next_of_tanh _ k r g C (fun z => proj2 (E z))) as [g' [C' D]].
replace (2 * m + 1)%nat with (S (2 * m)) by lia; change (Derive (Derive_n tanh (2 * m)) 0 <> 0).
rewrite (is_derive_unique _ _ _ (D 0)), tanh_0.
assert (K := cone_at_0 g' C'); apply Rmult_integral_contrapositive_currified; [trivial|simpl; lra].
Qed.

Lemma smooth_everywhere s : (forall n z, ex_derive_n s n z) -> smooth_at_0 s.
Proof. intros H; unfold smooth_at_0; apply filter_forall; auto. Qed.

Theorem tanh_terms : odd_terms tanh.
Proof.
split; [apply smooth_everywhere, smooth_tanh|intros N; exists N; split; [lia|apply odd_of_tanh]].
Qed.

Lemma shifted (f h : R -> R) : (forall z : R, is_derive f z (h z)) -> (forall n z, ex_derive_n h n z) ->
  forall n (z : R), ex_derive_n f n z /\ Derive_n f (S n) z = Derive_n h n z.
Proof.
intros D H.
assert (E : forall n z, Derive_n f (S n) z = Derive_n h n z).
{ intros n z; rewrite <- Nat.add_1_r, <- (Derive_n_comp f n 1); apply Derive_n_ext; intros;
  now apply is_derive_unique. }
intros n z; split; [|apply E]; destruct n as [|[|n]]; [easy|eexists; apply D|].
apply (ex_derive_ext (Derive_n h n)); [intros; symmetry; apply E|apply (H (S n))].
Qed.

Lemma is_derive_softplus (z : R) : is_derive softplus z (/ 2 + / 2 * tanh (/ 2 * z)).
Proof.
assert (P := exp_pos z); assert (Q := exp_pos (/ 2 * z)); unfold softplus; auto_derive; [lra|].
unfold tanh, sinh, cosh; rewrite exp_Ropp.
replace (exp z) with (exp (/ 2 * z) ^ 2) in P |- * by (simpl; rewrite Rmult_1_r, <- exp_plus; f_equal; field).
field; repeat split; try lra; apply Rgt_not_eq; nra.
Qed.

Theorem softplus_terms : even_terms softplus.
Proof.
assert (S1 : forall n z, ex_derive_n (fun z : R => / 2 * tanh (/ 2 * z)) n z).
{ intros; apply ex_derive_n_scal_l, ex_derive_n_comp_scal, filter_forall; intros; apply smooth_tanh. }
assert (H := shifted softplus _ is_derive_softplus (fun n z => ex_derive_n_plus (fun _ => / 2) _ n z
  (filter_forall _ (fun y k _ => ex_derive_n_const (/ 2) k y)) (filter_forall _ (fun y k _ => S1 k y)))).
split; [apply smooth_everywhere; intros; apply H|intros N; exists N; split; [lia|]].
replace (2 * N + 2)%nat with (S (S (2 * N))) by lia; rewrite (proj2 (H (S (2 * N)) 0)).
rewrite (Derive_n_plus (fun _ => / 2) (fun z => / 2 * tanh (/ 2 * z)) (S (2 * N)) 0), Derive_n_const;
  [|apply filter_forall; intros; apply ex_derive_n_const|apply filter_forall; intros; apply S1].
rewrite (Derive_n_scal_l (fun z => tanh (/ 2 * z)) (S (2 * N)) (/ 2) 0), (Derive_n_comp_scal tanh (/ 2) (S (2 * N)) 0)
  by (apply filter_forall; intros; apply smooth_tanh).
rewrite Rmult_0_r, Rplus_0_l; replace (S (2 * N)) with (2 * N + 1)%nat by lia.
repeat apply Rmult_integral_contrapositive_currified; [lra|apply pow_nonzero; lra|apply odd_of_tanh].
Qed.

(** phi (z) = exp (- z^2 / 2) / sqrt (2 pi), and its derivative of order n with the next one. *)
Definition phi (z : R) : R := exp (- (z * z) / 2) * (/ sqrt PI * / sqrt 2).
Fixpoint hermite (n : nat) (z : R) : R * R :=
  match n with
  | O => (phi z, - z * phi z)
  | S n => let (p, q) := hermite n z in (q, - z * q - INR (S n) * p)
  end.

Lemma hermite_next n z : hermite (S n) z = (snd (hermite n z), - z * snd (hermite n z) - INR (S n) * fst (hermite n z)).
Proof.
change (hermite (S n) z) with (let (p, q) := hermite n z in (q, - z * q - INR (S n) * p)); now destruct (hermite n z).
Qed.

Lemma is_derive_phi z : is_derive phi z (- z * phi z).
Proof.
unfold phi, Rdiv; auto_derive; [trivial|field]; split; apply Rgt_not_eq, sqrt_lt_R0; first [apply PI_RGT_0|lra].
Qed.

Lemma is_derive_three (f g : R -> R) r z p q : is_derive f z p -> is_derive g z q ->
  is_derive (fun z => - z * f z - r * g z) z (- f z - z * p - r * q).
Proof.
intros F G; auto_derive; [repeat split; eexists; eassumption|].
replace (Derive (fun z => f z) z) with p by (symmetry; now apply is_derive_unique).
replace (Derive (fun z => g z) z) with q by (symmetry; now apply is_derive_unique); ring.
Qed.

Lemma is_derive_hermite n z : is_derive (fun z => fst (hermite n z)) z (snd (hermite n z)) /\
  is_derive (fun z => snd (hermite n z)) z (snd (hermite (S n) z)).
Proof.
revert z; induction n as [|n IH]; intros z.
- split; [apply is_derive_phi|]; simpl.
  evar_last; [apply (is_derive_mult (fun z => - z) phi); [auto_derive;
    [trivial|reflexivity]|apply is_derive_phi|exact Rmult_comm]|].
  unfold plus, mult; simpl; ring.
- split.
  + apply (is_derive_ext (fun z => snd (hermite n z))); [intros; now rewrite hermite_next|apply IH].
  + apply (is_derive_ext (fun z => - z * snd (hermite n z) - INR (S n) * fst (hermite n z))); [intros;
    now rewrite hermite_next|].
    evar_last; [exact (is_derive_three _ _ (INR (S n)) z _ _ (proj2 (IH z)) (proj1 (IH z)))|].
    rewrite !hermite_next; cbn [fst snd]; rewrite !S_INR; ring.
Qed.

Lemma hermite_at_0 n : fst (hermite (2 * n) 0) <> 0 /\
  fst (hermite (S (S (2 * n))) 0) = - INR (S (2 * n)) * fst (hermite (2 * n) 0).
Proof.
assert (E : forall n, fst (hermite (S (S n)) 0) = - INR (S n) * fst (hermite n 0)).
{ intros m; rewrite !hermite_next; cbn [fst snd]; ring. }
split; [|apply E]; induction n as [|n IH].
- simpl; unfold phi; apply Rmult_integral_contrapositive_currified; [apply Rgt_not_eq, exp_pos|].
  apply Rmult_integral_contrapositive_currified; apply Rinv_neq_0_compat, Rgt_not_eq, sqrt_lt_R0; [apply PI_RGT_0|lra].
- replace (2 * S n)%nat with (S (S (2 * n))) by lia; rewrite E.
  apply Rmult_integral_contrapositive_currified; trivial; apply Ropp_neq_0_compat, not_0_INR; lia.
Qed.

Definition cdf (z : R) : R := (1 + erf (z / sqrt 2)) / 2.

Lemma is_derive_cdf z : is_derive cdf z (phi z).
Proof.
assert (S2 : 0 < sqrt 2) by (apply sqrt_lt_R0; lra); assert (SP : 0 < sqrt PI) by apply sqrt_lt_R0, PI_RGT_0.
apply (is_derive_ext (fun z => / 2 + / 2 * erf (z * / sqrt 2))); [intros; unfold cdf, Rdiv; lra|].
evar_last; [apply @is_derive_plus; [apply @is_derive_const|apply is_derive_scal];
  apply (is_derive_comp erf (fun z => z * / sqrt 2)); [apply is_derive_erf|auto_derive; [trivial|reflexivity]]|].
unfold plus, zero, scal; simpl; unfold mult, phi; simpl.
replace (- (z * / sqrt 2 * (z * / sqrt 2))) with (- (z * z) / 2); [field; lra|].
replace (z * / sqrt 2 * (z * / sqrt 2)) with (z * z * / (sqrt 2 * sqrt 2)) by (field; lra); rewrite sqrt_sqrt; lra.
Qed.

Lemma is_derive_times (f g : R -> R) z p q : is_derive f z p -> is_derive g z q ->
  is_derive (fun z => f z + z * g z) z (p + g z + z * q).
Proof.
intros F G; auto_derive; [repeat split; eexists; eassumption|].
replace (Derive (fun z => f z) z) with p by (symmetry; now apply is_derive_unique).
replace (Derive (fun z => g z) z) with q by (symmetry; now apply is_derive_unique); ring.
Qed.

Definition derivative_of_gelu (n : nat) (z : R) : R :=
  match n with
  | O => gelu z
  | S O => cdf z + z * phi z
  | S (S n) => fst (hermite n z) - fst (hermite (S (S n)) z)
  end.

Theorem gelu_terms : even_terms gelu.
Proof.
assert (DH : forall n z, is_derive (fun z => fst (hermite n z)) z (fst (hermite (S n) z))).
{ intros n z; rewrite hermite_next; apply is_derive_hermite. }
assert (H : forall n z, ex_derive_n gelu n z /\ Derive_n gelu n z = derivative_of_gelu n z).
{ apply (tower derivative_of_gelu); intros [|[|n]] z.
  - apply (is_derive_ext (fun z => 0 + z * cdf z)); [intros y; unfold derivative_of_gelu, gelu, cdf; lra|].
    evar_last; [apply (is_derive_times (fun _ => 0)); [apply @is_derive_const|apply is_derive_cdf]|unfold zero; simpl;
      ring].
  - evar_last; [apply (is_derive_times cdf phi); [apply is_derive_cdf|apply is_derive_phi]|simpl; ring].
  - exact (is_derive_minus _ _ z _ _ (DH n z) (DH (S (S n)) z)). }
split; [apply smooth_everywhere; intros; apply H|intros N; exists N; split; [lia|]].
replace (2 * N + 2)%nat with (S (S (2 * N))) by lia; rewrite (proj2 (H (S (S (2 * N))) 0)); unfold derivative_of_gelu.
destruct (hermite_at_0 N) as [Z ->]; replace (fst (hermite (2 * N) 0) - - INR (S (2 * N)) * fst (hermite (2 * N) 0))
  with (fst (hermite (2 * N) 0) * (1 + INR (S (2 * N)))) by ring.
apply Rmult_integral_contrapositive_currified; trivial; generalize (pos_INR (S (2 * N))); lra.
Qed.

Theorem three_free : three_activations.
Proof.
split; [apply odd_free, tanh_terms|split; apply even_free; [apply gelu_terms|apply softplus_terms]].
Qed.

(** * 6. The gates of two atoms *)

(** The log odds of two atoms are one function, up to a constant: l = tau' / tau. *)
Definition one_gate (s : R -> R) b c l b' c' k : Prop :=
  locally' 0 (fun x => l * (s (b * x) - s (c * x)) - (s (b' * x) - s (c' * x)) = k).

Definition of_gate l b c b' c' : list (R * R) := [(l, b); (- l, c); (- 1, b'); (1, c')].

Lemma gate_combination s b c l b' c' k : one_gate s b c l b' c' k ->
  locally' 0 (fun x => combination (of_gate l b c b' c') (fun b => s (b * x)) = k).
Proof. unfold one_gate; apply filter_imp; intros x <-; unfold combination; simpl; ring. Qed.

Definition odd_at (B b : R) : R := if Req_EM_T b B then 1 else if Req_EM_T b (- B) then - 1 else 0.
Definition even_at (B b : R) : R := if Req_EM_T b B then 1 else if Req_EM_T b (- B) then 1 else 0.

Lemma odd_at_abs B b : B <> 0 -> B * odd_at B b = if Req_EM_T (Rabs b) (Rabs B) then b ^ 1 else 0.
Proof.
intros HB; unfold odd_at; destruct (Req_EM_T (Rabs b) (Rabs B)) as [K | K]; rewrite abs_eq in K;
  destruct (Req_EM_T b B), (Req_EM_T b (- B)); subst; simpl; try lra; tauto.
Qed.

Lemma even_at_abs B b : B <> 0 -> B ^ 2 * even_at B b = if Req_EM_T (Rabs b) (Rabs B) then b ^ 2 else 0.
Proof.
intros HB; unfold even_at; destruct (Req_EM_T (Rabs b) (Rabs B)) as [K | K]; rewrite abs_eq in K;
  destruct (Req_EM_T b B), (Req_EM_T b (- B)); subst; simpl; try lra; tauto.
Qed.

Lemma odd_coefficients s b c l b' c' k : odd_terms s -> one_gate s b c l b' c' k ->
  forall B, B <> 0 -> l * (odd_at B b - odd_at B c) = odd_at B b' - odd_at B c'.
Proof.
intros [H I] E B HB; assert (K := coefficients 1 s _ k ltac:(lia) H I (gate_combination _ _ _ _ _ _ _ E) B HB).
rewrite <- (combination_ext _ _ _ (fun b => odd_at_abs B b HB)), combination_scal in K.
apply Rmult_integral in K; destruct K as [K | K]; [now destruct HB|unfold combination in K; simpl in K; lra].
Qed.

Lemma even_coefficients s b c l b' c' k : even_terms s -> one_gate s b c l b' c' k ->
  forall B, B <> 0 -> l * (even_at B b - even_at B c) = even_at B b' - even_at B c'.
Proof.
intros [H I] E B HB; assert (K := coefficients 2 s _ k ltac:(lia) H I (gate_combination _ _ _ _ _ _ _ E) B HB).
rewrite <- (combination_ext _ _ _ (fun b => even_at_abs B b HB)), combination_scal in K.
apply Rmult_integral in K; destruct K as [K | K]; [now destruct (pow_nonzero B 2 HB)|unfold combination in K;
  simpl in K; lra].
Qed.

Definition apart (x y : R) : Prop := x <> y /\ x <> - y.

Lemma apart_sym x y : apart x y -> apart y x.
Proof. unfold apart; lra. Qed.
Lemma apart_opp x y : apart x y -> apart x (- y).
Proof. unfold apart; lra. Qed.
Lemma apart_0 x : x <> 0 -> apart x 0.
Proof. unfold apart; lra. Qed.

Lemma odd_at_cases B x : x = B /\ odd_at B x = 1 \/ x = - B /\ odd_at B x = - 1 /\ x <> B \/ apart x B /\
  odd_at B x = 0.
Proof. unfold odd_at, apart; destruct (Req_EM_T x B); [tauto|destruct (Req_EM_T x (- B)); tauto]. Qed.

Lemma even_at_cases B x : (x = B \/ x = - B) /\ even_at B x = 1 \/ apart x B /\ even_at B x = 0.
Proof. unfold even_at, apart; destruct (Req_EM_T x B); [tauto|destruct (Req_EM_T x (- B)); tauto]. Qed.

Lemma odd_at_self B : odd_at B B = 1.
Proof. unfold odd_at; destruct (Req_EM_T B B); [easy|lra]. Qed.

Lemma odd_at_other B x : apart B x -> odd_at B x = 0.
Proof.
intros K; apply apart_sym in K; destruct K; unfold odd_at; destruct (Req_EM_T x B), (Req_EM_T x (- B)); tauto.
Qed.

Local Hint Resolve apart_sym apart_opp apart_0 : apart.

Ltac cases B x H := let E := fresh "E" in let V := fresh "V" in let N := fresh "N" in
  destruct (odd_at_cases B x) as [[E V] | [[E [V N]] | [E V]]]; rewrite V in H; clear V.
Ltac no K := exfalso; match goal with P : 0 < _ |- _ => clear - K P end; lra.
(* a value that is apart from all others is 0 *)
Ltac own H t := let Z := fresh "Z" in let K := fresh "K" in destruct (Req_dec t 0) as [Z | Z];
  [|exfalso; assert (K := H t Z); rewrite odd_at_self in K; rewrite !odd_at_other in K by (auto 6 with apart); no K].
Ltac value K := match type of K with ?l * _ = _ => match goal with |- l = _ => clear - K; lra end end.

Lemma odd_values l b c b' c' : 0 < l -> b <> c ->
  (forall B, B <> 0 -> l * (odd_at B b - odd_at B c) = odd_at B b' - odd_at B c') -> odd_twin b c l b' c'.
Proof.
intros P D H; unfold odd_twin; destruct (Req_dec b 0) as [-> | Nb].
- assert (Nc : c <> 0) by auto; assert (Hc := H c Nc); rewrite odd_at_self, (odd_at_other c 0) in Hc by auto with apart.
  cases c b' Hc; cases c c' Hc; try no Hc; subst.
  + right; right; split; [value Hc|right; auto].
  + own H c'; left; split; [value Hc|right; split; [trivial|rewrite Z; ring]].
  + own H b'; left; split; [value Hc|left; auto].
- assert (Hb := H b Nb); rewrite odd_at_self in Hb.
  cases b c Hb; [now destruct D| |]; cases b b' Hb; cases b c' Hb; try no Hb; subst.
  + left; split; [value Hb|left; auto].
  + own H c'; right; left; split; [value Hb|auto].
  + own H b'; right; left; split; [value Hb|auto].
  + own H c; right; right; split; [value Hb|auto].
  + destruct (Req_dec c 0) as [-> | Nc]; [own H c'; left; split; [value Hb|auto]|].
    assert (Hc := H c Nc); rewrite odd_at_self, (odd_at_other c b) in Hc by auto with apart.
    left; split; [value Hb|left; split; [trivial|]].
    assert (L : l = 1) by value Hb; rewrite L in Hc; cases c c' Hc; trivial; exfalso; clear - Hc; lra.
  + destruct (Req_dec c 0) as [-> | Nc]; [own H b'; left; split; [value Hb|right; split; [rewrite Z; ring|trivial]]|].
    assert (Hc := H c Nc); rewrite odd_at_self, (odd_at_other c b), (odd_at_other c (- b)) in Hc by auto with apart.
    left; split; [value Hb|right; split; [|trivial]].
    assert (L : l = 1) by value Hb; rewrite L in Hc; cases c b' Hc; trivial; exfalso; clear - Hc; lra.
Qed.

Lemma odd_equal l b b' c' :
  (forall B, B <> 0 -> l * (odd_at B b - odd_at B b) = odd_at B b' - odd_at B c') -> b' = c'.
Proof.
intros H; destruct (Req_dec b' 0) as [-> | N].
- destruct (Req_dec c' 0) as [-> | N]; [easy|exfalso]; specialize (H c' N).
  rewrite odd_at_self, (odd_at_other c' 0) in H by auto with apart; clear - H; lra.
- specialize (H b' N); rewrite odd_at_self in H.
  destruct (odd_at_cases b' c') as [[E V] | [[E [V _]] | [E V]]]; [auto|exfalso..]; rewrite V in H; clear - H; lra.
Qed.

Theorem odd_gates s b c l b' c' k : odd_terms s -> 0 < l -> b <> c -> one_gate s b c l b' c' k -> odd_twin b c l b' c'.
Proof. intros Hs Hl N E; apply odd_values; trivial; now apply (odd_coefficients s b c l b' c' k). Qed.

Lemma even_at_self B : even_at B B = 1.
Proof. unfold even_at; destruct (Req_EM_T B B); [easy|lra]. Qed.

Lemma even_at_opp B b : even_at B (- b) = even_at B b.
Proof.
unfold even_at; destruct (Req_EM_T (- b) B), (Req_EM_T (- b) (- B)), (Req_EM_T b B), (Req_EM_T b (- B)); lra.
Qed.

Lemma even_at_other B x : apart B x -> even_at B x = 0.
Proof.
intros K; apply apart_sym in K; destruct K; unfold even_at; destruct (Req_EM_T x B), (Req_EM_T x (- B)); tauto.
Qed.

Lemma even_values l b c b' c' : 0 < l -> b <> c -> l * (b - c) = b' - c' ->
  (forall B, B <> 0 -> l * (even_at B b - even_at B c) = even_at B b' - even_at B c') -> mirror_twin b c l b' c'.
Proof.
intros P D L H; unfold mirror_twin; destruct (Req_dec c (- b)) as [-> | Nc].
- right; split; [trivial|].
  assert (A : b' = c' \/ b' = - c').
  { destruct (Req_dec b' 0) as [-> | Nb].
    - destruct (Req_dec c' 0) as [-> | Nc]; [auto|exfalso]; specialize (H c' Nc).
      rewrite even_at_opp, even_at_self, (even_at_other c' 0) in H by auto with apart; clear - H; lra.
    - specialize (H b' Nb); rewrite even_at_opp, even_at_self in H.
      destruct (even_at_cases b' c') as [[[-> | ->] V] | [A V]]; [auto|right; ring|rewrite V in H; exfalso; clear - H;
        lra]. }
  destruct A as [-> | ->]; [exfalso; apply D; clear - L P; nra|clear - L; lra].
- assert (A : apart b c) by (unfold apart; split; [trivial|clear - Nc; lra]); left.
  destruct (Req_dec b 0) as [-> | Nb].
  + assert (Zc : c <> 0) by auto; assert (Hc := H c Zc);
    rewrite even_at_self, (even_at_other c 0) in Hc by auto with apart.
    destruct (even_at_cases c b') as [[Eb V] | [Eb V]], (even_at_cases c c') as [[Ec W] | [Ec W]]; rewrite V, W in Hc;
      try no Hc.
    assert (l = 1) by value Hc; subst l; destruct (Req_dec b' 0) as [-> | Zb]; [clear - L; lra|exfalso].
    specialize (H b' Zb); rewrite even_at_self, (even_at_other b' 0), (even_at_other b' c), (even_at_other b' c') in H
      by (try destruct Ec as [-> | ->]; auto with apart); clear - H; lra.
  + assert (Hb := H b Nb); rewrite even_at_self, (even_at_other b c) in Hb by auto with apart.
    destruct (even_at_cases b b') as [[Eb V] | [Eb V]], (even_at_cases b c') as [[Ec W] | [Ec W]]; rewrite V, W in Hb;
      try no Hb.
    assert (l = 1) by value Hb; subst l; destruct (Req_dec c 0) as [-> | Zc].
    * destruct (Req_dec c' 0) as [-> | Zc]; [clear - L; lra|exfalso]; specialize (H c' Zc).
      rewrite even_at_self, (even_at_other c' 0), (even_at_other c' b), (even_at_other c' b') in H
        by (try destruct Eb as [-> | ->]; auto with apart); clear - H; lra.
    * specialize (H c Zc); rewrite even_at_self, (even_at_other c b), (even_at_other c b') in H
        by (try destruct Eb as [-> | ->]; auto with apart).
      destruct (even_at_cases c c') as [[Ec' X] | [_ X]]; [|rewrite X in H; exfalso; clear - H; lra].
      clear - L Eb Ec' D Nb Zc; destruct Eb as [-> | ->], Ec' as [-> | ->]; lra.
Qed.

Lemma slopes s q b c l b' c' k : (forall z, s z - s (- z) = q * z) -> q <> 0 -> one_gate s b c l b' c' k ->
  l * (b - c) = b' - c'.
Proof.
intros Hs Hq [eps E]; set (x := eps / 2); assert (X : 0 < x) by (unfold x; generalize (cond_pos eps); lra).
assert (B : forall y, Rabs y = x -> ball 0 eps y).
{ intros y Hy; unfold ball; simpl; unfold AbsRing_ball, abs, minus, plus, opp; simpl.
  rewrite Ropp_0, Rplus_0_r, Hy; unfold x; generalize (cond_pos eps); lra. }
assert (K1 := E x (B _ (Rabs_pos_eq _ (Rlt_le _ _ X))) ltac:(lra)); simpl in K1.
assert (K2 := E (- x) (B _ (eq_trans (Rabs_Ropp _) (Rabs_pos_eq _ (Rlt_le _ _ X)))) ltac:(lra)); simpl in K2.
rewrite <- !Ropp_mult_distr_r in K2.
assert (S1 := Hs (b * x)); assert (S2 := Hs (c * x)); assert (S3 := Hs (b' * x)); assert (S4 := Hs (c' * x)).
assert (T : (q * x) * (l * (b - c)) = (q * x) * (b' - c')).
{ transitivity (l * (q * (b * x) - q * (c * x))); [ring|rewrite <- S1, <- S2].
  transitivity (q * (b' * x) - q * (c' * x)); [rewrite <- S3, <- S4; lra|ring]. }
apply Rmult_eq_reg_l in T; [exact T|apply Rmult_integral_contrapositive_currified; lra].
Qed.

Theorem mirror_gates s q b c l b' c' k : even_terms s -> (forall z, s z - s (- z) = q * z) -> q <> 0 ->
  0 < l -> b <> c -> one_gate s b c l b' c' k -> mirror_twin b c l b' c'.
Proof.
intros Hs Hq Nq Hl N E; apply even_values; trivial;
  [now apply (slopes s q b c l b' c' k)|now apply (even_coefficients s b c l b' c' k)].
Qed.

(** * 7. Densities *)

(** Of two normal densities the one of the larger variance, or mean, dominates at infinity. *)
Definition exceeds (a b : R * R) : Prop := snd a < snd b \/ snd a = snd b /\ fst a < fst b.
Definition normal_at (a : R * R) (y : R) : R := normal y (fst a) (snd a).

Lemma exponent_below m v M V K : 0 < v -> 0 < V -> exceeds (m, v) (M, V) ->
  exists N, forall y, N < y -> - (y - m) ^ 2 / (2 * v) + (y - M) ^ 2 / (2 * V) < K.
Proof.
intros Hv HV [H | [H D]]; simpl in H.
- set (p := / (2 * v) - / (2 * V)); set (q := m / v - M / V); set (r := - m ^ 2 / (2 * v) + M ^ 2 / (2 * V)).
  assert (P : 0 < p) by (unfold p; apply Rlt_0_minus, Rinv_lt_contravar; [apply Rmult_lt_0_compat|]; lra).
  set (t := Rabs q + Rabs r + Rabs K + 1); exists (Rmax 1 (t / p)); intros y Hy.
  assert (Y : 1 < y) by (apply Rle_lt_trans with (2 := Hy), Rmax_l).
  assert (T : t / p < y) by (apply Rle_lt_trans with (2 := Hy), Rmax_r).
  apply Rmult_lt_compat_r with (r := p) in T; trivial; unfold Rdiv in T;
    rewrite Rmult_assoc, Rinv_l, Rmult_1_r in T by lra.
  replace (- (y - m) ^ 2 / (2 * v) + (y - M) ^ 2 / (2 * V)) with (- (y * p) * y + q * y + r) by (unfold p, q, r;
    field; lra).
  generalize (Rabs_pos q) (Rabs_pos r) (Rabs_pos K) (Rle_abs q) (Rle_abs r) (Rle_abs (- K)); rewrite Rabs_Ropp; intros.
  assert (t * y < y * p * y) by (apply Rmult_lt_compat_r; lra).
  assert (Rabs q * y + Rabs r + Rabs K + 1 <= t * y) by (unfold t; clear - Y H0 H1 H2; nra).
  assert (q * y <= Rabs q * y) by (apply Rmult_le_compat_r; lra); lra.
- simpl in D; subst V; exists ((2 * v * (Rabs K + 1) / (M - m) + m + M) / 2); intros y Hy.
  replace (- (y - m) ^ 2 / (2 * v) + (y - M) ^ 2 / (2 * v)) with (- ((M - m) * (2 * y - m - M) / (2 * v))) by (field;
    lra).
  assert (T : 2 * v * (Rabs K + 1) / (M - m) < 2 * y - m - M) by lra.
  apply Rmult_lt_compat_r with (r := (M - m) / (2 * v)) in T; [|apply Rdiv_lt_0_compat; lra].
  replace (2 * v * (Rabs K + 1) / (M - m) * ((M - m) / (2 * v))) with (Rabs K + 1) in T by (field; lra).
  replace ((M - m) * (2 * y - m - M) / (2 * v)) with ((2 * y - m - M) * ((M - m) / (2 * v))) by (field; lra).
  generalize (Rle_abs (- K)); rewrite Rabs_Ropp; lra.
Qed.

Lemma normal_neq a y : 0 < snd a -> normal_at a y <> 0.
Proof.
intros H; unfold normal_at, normal; apply Rgt_not_eq, Rdiv_lt_0_compat; [apply exp_pos|].
apply sqrt_lt_R0, Rmult_lt_0_compat; [generalize PI_RGT_0|]; lra.
Qed.

Lemma normal_dominated a b : 0 < snd a -> 0 < snd b -> exceeds a b -> dominated (Rbar_locally' p_infty) normal_at a b.
Proof.
destruct a as [m v], b as [M V]; simpl; intros Hv HV H.
assert (Sv : 0 < sqrt (2 * PI * v)) by (now apply sqrt_square).
assert (SV : 0 < sqrt (2 * PI * V)) by (now apply sqrt_square).
set (k := sqrt (2 * PI * V) / sqrt (2 * PI * v)); assert (Pk : 0 < k) by (now apply Rdiv_lt_0_compat).
unfold dominated; apply filterlim_locally; intros eps.
destruct (exponent_below m v M V (ln (eps / k)) Hv HV H) as [N HN]; exists N; intros y Hy.
assert (E : normal_at (m, v) y / normal_at (M, V) y = exp (- (y - m) ^ 2 / (2 * v) + (y - M) ^ 2 / (2 * V)) * k).
{ unfold normal_at, normal, k; simpl fst; simpl snd; rewrite exp_plus.
  replace ((y - M) ^ 2 / (2 * V)) with (- (- (y - M) ^ 2 / (2 * V))) by (field; lra);
    rewrite (exp_Ropp (- (y - M) ^ 2 / (2 * V))).
  assert (X := exp_pos (- (y - M) ^ 2 / (2 * V))); field; repeat split; lra. }
rewrite E; unfold ball; simpl; unfold AbsRing_ball, abs, minus, plus, opp; simpl; rewrite Ropp_0, Rplus_0_r.
rewrite Rabs_pos_eq by (apply Rmult_le_pos; [apply Rlt_le, exp_pos|lra]).
apply Rmult_lt_reg_r with (/ k); [now apply Rinv_0_lt_compat|]; rewrite Rmult_assoc, Rinv_r, Rmult_1_r by lra.
apply Rlt_le_trans with (exp (ln (eps / k))); [now apply exp_increasing, HN|].
rewrite exp_ln; [apply Rle_refl|apply Rdiv_lt_0_compat; [apply cond_pos|trivial]].
Qed.

Definition pair_dec (a b : R * R) : {a = b} + {a <> b}.
Proof.
destruct a as [m v], b as [M V], (Req_EM_T m M), (Req_EM_T v V); (left; congruence) || (right; congruence).
Qed.

Lemma normals l : Forall (fun a => 0 < snd a) (map snd l) -> (forall y, total_of normal_at l y = 0) ->
  forall a, weight pair_dec a l = 0.
Proof.
intros P Z; apply (no_relation (Rbar_locally' p_infty) normal_at (fun a => 0 < snd a) pair_dec); trivial.
- intros a Ha; apply filter_forall; intros; now apply normal_neq.
- intros [m v] [M V] Ha Hb N; simpl in Ha, Hb.
  assert (C : exceeds (m, v) (M, V) \/ exceeds (M, V) (m, v)).
  { unfold exceeds; simpl; destruct (Rtotal_order v V) as [L | [-> | L]]; [tauto| |tauto].
    destruct (Rtotal_order m M) as [L | [-> | L]]; [tauto|now destruct N|tauto]. }
  destruct C; [left|right]; now apply normal_dominated.
- intros Q HQ; destruct (filter_ex _ HQ) as [y Hy]; now exists y.
Qed.

(** Where no two experts cross. *)
Definition key (x : R) (i : atom) : R * R := (slope i * x + shift i, nu i).
Definition clean (atoms : list atom) (x : R) : Prop := forall i, In i atoms -> forall j, In j atoms ->
  key x i = key x j -> expert_of i = expert_of j.

Lemma near_all {A : Type} (l : list A) (P : A -> R -> Prop) : (forall a, locally' 0 (P a)) ->
  locally' 0 (fun x => forall a, In a l -> P a x).
Proof.
intros H; induction l as [|a l IH].
- unfold locally'; apply filter_forall; now intros.
- generalize (filter_and _ _ (H a) IH); apply filter_imp; intros x [Ha Hl] b [<- | Hb]; auto.
Qed.

Lemma near_other z : locally' 0 (fun x => x <> z).
Proof.
unfold locally', within; destruct (Req_dec z 0) as [-> | N]; [apply filter_forall; auto|].
exists (mkposreal _ (Rabs_pos_lt z N)); intros y B _ ->; revert B; unfold ball; simpl.
unfold AbsRing_ball, abs, minus, plus, opp; simpl; rewrite Ropp_0, Rplus_0_r; lra.
Qed.

Lemma near_clean atoms : locally' 0 (clean atoms).
Proof.
unfold clean; apply near_all; intros i; apply near_all; intros j.
generalize (near_other ((shift j - shift i) / (slope i - slope j))); apply filter_imp; intros x N E.
unfold key in E; injection E as E V; unfold expert_of.
destruct (Req_dec (slope i) (slope j)) as [S | S]; [rewrite S in E; rewrite S, V; do 2 f_equal; lra|].
destruct N; apply Rmult_eq_reg_r with (slope i - slope j); [|lra]; unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra.
Qed.

Definition share s tau atoms x i : R := mass s tau x i / sum (map (mass s tau x) atoms).

Lemma mass_pos s tau x i : 0 < mass s tau x i.
Proof. apply exp_pos. Qed.

Lemma masses_pos s tau x atoms i : In i atoms -> 0 < sum (map (mass s tau x) atoms).
Proof.
assert (N : forall l, 0 <= sum (map (mass s tau x) l)).
{ induction l as [|j l IH]; simpl; [lra|generalize (mass_pos s tau x j); lra]. }
destruct atoms as [|j l]; [easy|intros _; simpl; generalize (mass_pos s tau x j) (N l); lra].
Qed.

Lemma density_shares s tau atoms x y : density s tau atoms x y =
  sum (map (fun i => share s tau atoms x i * normal_at (key x i) y) atoms).
Proof.
unfold density, share; generalize (sum (map (mass s tau x) atoms)); intros S.
induction atoms as [|i l IH]; simpl in *; [unfold Rdiv; ring|].
unfold Rdiv in *; rewrite Rmult_plus_distr_r, IH; unfold normal_at, expert, key; simpl; ring.
Qed.

Definition sum_at (x : R) (w : atom -> R) (atoms : list atom) (a : R * R) : R :=
  sum (map (fun i => if pair_dec (key x i) a then w i else 0) atoms).

Lemma sum_at_none x w atoms a : (forall i, In i atoms -> key x i <> a) -> sum_at x w atoms a = 0.
Proof.
unfold sum_at; induction atoms as [|i l IH]; intros H; simpl; [easy|].
rewrite IH by (intros; apply H; now right); destruct (pair_dec (key x i) a) as [E | _]; [|ring].
destruct (H i (or_introl eq_refl) E).
Qed.

Lemma sum_at_one x w atoms i : NoDup (map expert_of atoms) -> In i atoms ->
  (forall j, In j atoms -> key x j = key x i -> expert_of j = expert_of i) -> sum_at x w atoms (key x i) = w i.
Proof.
unfold sum_at; induction atoms as [|j l IH]; intros N Hi H; [easy|]; inversion N as [|? ? Nj Nl]; subst; simpl.
destruct Hi as [-> | Hi].
- fold (sum_at x w l (key x i)); rewrite sum_at_none; [destruct (pair_dec (key x i) (key x i)); [ring|easy]|].
  intros k Hk E; apply Nj; rewrite <- (H k (or_intror Hk) E); now apply in_map.
- rewrite IH by (trivial; intros; apply H; trivial; now right).
  destruct (pair_dec (key x j) (key x i)) as [E | _]; [|ring].
  destruct Nj; rewrite (H j (or_introl eq_refl) E); now apply in_map.
Qed.

Lemma sum_opp {A : Type} (g : A -> R) l : sum (map (fun i => - g i) l) = - sum (map g l).
Proof. induction l as [|a l IH]; simpl; [ring|rewrite IH; ring]. Qed.

Lemma sum_app l k : sum (l ++ k) = sum l + sum k.
Proof. induction l as [|a l IH]; simpl; [ring|rewrite IH; ring]. Qed.

Lemma share_pos s tau atoms x i : In i atoms -> 0 < share s tau atoms x i.
Proof. intros H; apply Rdiv_lt_0_compat; [apply mass_pos|now apply masses_pos with i]. Qed.

(** At such an x every atom has another with its expert and its share. *)
Lemma partner s tau atoms tau' atoms' x : proper atoms -> proper atoms' -> clean (atoms ++ atoms') x ->
  (forall y, density s tau atoms x y = density s tau' atoms' x y) ->
  forall i, In i atoms -> exists j, In j atoms' /\ expert_of j = expert_of i /\
    share s tau' atoms' x j = share s tau atoms x i.
Proof.
intros [Pv N] [Pv' N'] C E i Hi; set (p := share s tau atoms x); set (p' := share s tau' atoms' x).
assert (W : sum_at x p atoms (key x i) - sum_at x p' atoms' (key x i) = 0).
{ rewrite <- (normals (map (fun i => (p i, key x i)) atoms ++ map (fun i => (- p' i, key x i)) atoms')) with (a := key
  x i).
  - unfold weight; rewrite map_app, sum_app, !map_map; unfold Rminus, sum_at; f_equal; rewrite <- sum_opp; f_equal.
    apply map_ext; intros j; destruct (pair_dec (key x j) (key x i)); ring.
  - rewrite map_app, !map_map; apply Forall_app; split; apply Forall_map; simpl; trivial.
  - intros y; specialize (E y); rewrite !density_shares in E; fold p p' in E.
    unfold total_of; rewrite map_app, sum_app, !map_map.
    rewrite (map_ext (fun x0 => - p' x0 * _) (fun j => - (p' j * normal_at (key x j) y))) by (intros; ring).
    rewrite sum_opp, E; ring. }
assert (K : forall j, In j atoms -> key x j = key x i -> expert_of j = expert_of i).
{ intros j Hj Ej; apply C; trivial; apply in_or_app; now left. }
rewrite (sum_at_one x p atoms i N Hi K) in W.
assert (X : exists j, In j atoms' /\ expert_of j = expert_of i).
{ destruct (Classical_Prop.classic (exists j, In j atoms' /\ expert_of j = expert_of i)) as [H | H]; [exact H|].
  exfalso; rewrite sum_at_none in W; [generalize (share_pos s tau atoms x i Hi); fold p; lra|].
  intros j Hj Ej; apply H; exists j; split; [trivial|]; apply C; trivial; apply in_or_app; auto. }
destruct X as [j [Hj Ej]]; exists j; split; [trivial|split; [trivial|]].
assert (Kx : key x i = key x j) by (unfold expert_of in Ej; injection Ej as E1 E2 E3; unfold key;
  now rewrite E1, E2, E3).
rewrite Kx, sum_at_one in W; trivial; [fold p p'; lra|].
intros k Hk Ek; apply C; trivial; apply in_or_app; auto.
Qed.

Lemma same_expert atoms i j : NoDup (map expert_of atoms) -> In i atoms -> In j atoms -> expert_of i = expert_of j ->
  i = j.
Proof.
induction atoms as [|k l IH]; [easy|]; simpl; intros N [-> | Hi] [-> | Hj] E; trivial; inversion N as [|? ? Nk Nl];
  subst.
- destruct Nk; rewrite E; now apply in_map.
- destruct Nk; rewrite <- E; now apply in_map.
- now apply IH.
Qed.

Lemma paired_experts l l' i i' : map expert_of l' = map expert_of l -> In (i, i') (combine l l') ->
  expert_of i' = expert_of i.
Proof.
revert l'; induction l as [|j l IH]; intros [|j' l'] E H; try easy; simpl in E, H; injection E as E1 E2 E3 E.
destruct H as [H | H]; [injection H as <- <-; unfold expert_of; congruence|now apply IH with l'].
Qed.

Theorem one_log_odds s tau tau' atoms atoms' : 0 < tau -> 0 < tau' -> proper atoms -> proper atoms' ->
  locally' 0 (fun x => forall y, density s tau atoms x y = density s tau' atoms' x y) ->
  exists renumbered, Permutation atoms' renumbered /\ map expert_of renumbered = map expert_of atoms /\
  forall i i' j j', In (i, i') (combine atoms renumbered) -> In (j, j') (combine atoms renumbered) ->
    one_gate s (beta1 i) (beta1 j) (tau' / tau) (beta1 i') (beta1 j')
      (beta0 i' - beta0 j' - tau' / tau * (beta0 i - beta0 j)).
Proof.
intros Ht Ht' P P' E.
assert (H := filter_and _ _ (near_clean (atoms ++ atoms')) E); clear E.
assert (Perm : Permutation (map expert_of atoms) (map expert_of atoms')).
{ destruct (filter_ex (F := Rbar_locally' 0) _ H) as [x [C E]]; apply NoDup_Permutation; [apply P|apply P'|].
  intros a; split; intros A; apply in_map_iff in A; destruct A as [i [<- Hi]].
  - destruct (partner s tau atoms tau' atoms' x P P' C E i Hi) as [j [Hj [<- _]]]; now apply in_map.
  - destruct (partner s tau' atoms' tau atoms x P' P) with (i := i) as [j [Hj [<- _]]]; trivial; [| |now apply in_map].
    + intros k Hk m Hm; apply C; apply in_or_app; [apply in_app_or in Hk|apply in_app_or in Hm]; tauto.
    + intros y; now rewrite E. }
apply Permutation_map_inv in Perm; destruct Perm as [renumbered [M Perm]].
exists renumbered; split; [trivial|split; [auto|intros i i' j j' Hi Hj]].
assert (S : forall i i' x, In (i, i') (combine atoms renumbered) -> clean (atoms ++ atoms') x ->
  (forall y, density s tau atoms x y = density s tau' atoms' x y) -> share s tau' atoms' x i' = share s tau atoms x i).
{ intros k k' x Hk C E;
  destruct (partner s tau atoms tau' atoms' x P P' C E k (in_combine_l _ _ _ _ Hk)) as [m [Hm [Em <-]]].
  f_equal; apply (same_expert atoms'); [apply P'| |trivial|].
  - apply Permutation_in with (1 := Permutation_sym Perm), (in_combine_r _ _ _ _ Hk).
  - rewrite Em; now apply paired_experts with (1 := eq_sym M). }
unfold one_gate; generalize H; apply filter_imp; intros x [C E].
assert (Si := S i i' x Hi C E); assert (Sj := S j j' x Hj C E); clear S E C H; unfold share in Si, Sj.
assert (In i atoms) by apply (in_combine_l _ _ _ _ Hi); assert (Z := masses_pos s tau x atoms i H).
assert (In i' atoms') by (apply Permutation_in with (1 := Permutation_sym Perm), (in_combine_r _ _ _ _ Hi)).
assert (Z' := masses_pos s tau' x atoms' i' H0).
set (z := sum (map (mass s tau x) atoms)) in *; set (z' := sum (map (mass s tau' x) atoms')) in *.
assert (X : mass s tau' x i' * mass s tau x j = mass s tau' x j' * mass s tau x i).
{ apply Rmult_eq_reg_r with (/ z * / z'); [|apply Rmult_integral_contrapositive_currified; apply Rinv_neq_0_compat;
  lra].
  transitivity ((mass s tau' x i' / z') * (mass s tau x j / z)); [unfold Rdiv; ring|].
  rewrite Si, <- Sj; unfold Rdiv; ring. }
unfold mass in X; rewrite <- !exp_plus in X; apply exp_inv in X.
apply Rmult_eq_reg_r with (/ tau'); [|apply Rinv_neq_0_compat; lra].
set (u := s (beta1 i * x)) in *; set (v := s (beta1 j * x)) in *; set (u' := s (beta1 i' * x)) in *;
  set (v' := s (beta1 j' * x)) in *.
apply Rminus_diag_uniq; unfold Rdiv in X |- *.
transitivity ((v' + beta0 j') * / tau' + (u + beta0 i) * / tau - ((u' + beta0 i') * / tau' + (v + beta0 j) * / tau));
  [field; lra|rewrite X; ring].
Qed.

Lemma by_gates (twin : R -> R -> R -> R -> R -> Prop) s : smooth_at_0 s ->
  (forall b l b' c' k, one_gate s b b l b' c' k -> b' = c') ->
  (forall b c l b' c' k, 0 < l -> b <> c -> one_gate s b c l b' c' k -> twin b c l b' c') -> only_twins twin s.
Proof.
intros H Q G tau tau' atoms atoms' Ht Ht' P P' E.
destruct (one_log_odds s tau tau' atoms atoms' Ht Ht' P P' E) as [renumbered [Perm [M K]]].
exists renumbered; split; [trivial|split; [trivial|intros i i' j j' Hi Hj]].
assert (L := K i i' j j' Hi Hj); split; [|split; intros N].
- apply gate_combination, (at_zero _ _ _ H), locally_singleton in L.
  unfold combination in L; simpl in L; rewrite !Rmult_0_r in L; lra.
- rewrite N in L; exact (Q _ _ _ _ _ L).
- exact (G _ _ _ _ _ _ (Rdiv_lt_0_compat _ _ Ht' Ht) N L).
Qed.

Theorem odd_only : only_odd_twins.
Proof.
intros s Hs; apply by_gates; [apply Hs| |intros b c l b' c' k; now apply odd_gates].
intros b l b' c' k E; apply (odd_equal l b); now apply (odd_coefficients s b b l b' c' k).
Qed.

Theorem mirror_only : only_mirror_twins.
Proof.
intros s q Hs Hq Nq; apply by_gates; [apply Hs| |intros b c l b' c' k; now apply mirror_gates with q].
intros b l b' c' k E; assert (K := slopes s q b b l b' c' k Hq Nq E); lra.
Qed.

Lemma softplus_mirror z : softplus z - softplus (- z) = 1 * z.
Proof.
assert (P := exp_pos z); assert (Q := exp_pos (- z)); unfold softplus.
replace (1 + exp z) with (exp z * (1 + exp (- z))) by (rewrite Rmult_plus_distr_l, <- exp_plus, Rplus_opp_r, exp_0;
  ring).
rewrite ln_mult, ln_exp by lra; ring.
Qed.

Theorem three_only : three_identified.
Proof.
split; [apply odd_only, tanh_terms|split; apply mirror_only with 1; try lra].
- apply gelu_terms.
- apply gelu_mirror.
- apply softplus_terms.
- apply softplus_mirror.
Qed.

Theorem exchanged : exchange.
Proof.
intros s Hs i j tau x y; apply density_by_difference; trivial; simpl.
rewrite <- !Ropp_mult_distr_l; assert (K := Hs (beta1 i * x)); assert (L := Hs (beta1 j * x)).
replace (s (- (beta1 i * x))) with (2 * s 0 - s (beta1 i * x)) by lra.
replace (s (- (beta1 j * x))) with (2 * s 0 - s (beta1 j * x)) by lra; unfold Rdiv; ring.
Qed.

(** So the temperature of softplus is not identifiable at a mirror point, like that of GELU. *)
Theorem softplus_orbit i j beta beta0 tau l : tau <> 0 -> l <> 0 ->
  one_density softplus tau [regate i beta beta0; regate j (- beta) 0]
    (l * tau) [regate i (l * beta) (l * beta0); regate j (- (l * beta)) 0].
Proof. intros; now apply (mirror softplus 1 softplus_mirror). Qed.

Definition everything := (power_sums, odd_free, even_free, both_free, three_free, odd_only, mirror_only, three_only,
  exchanged,
  softplus_orbit).
Print Assumptions everything.
