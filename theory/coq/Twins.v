(** Twins: the dilations of tanh, GELU and softplus are independent, so that one density has few parameters.

    Part 1 says what is proved; the theorems of parts 4 to 6 are those statements. *)

From Coquelicot Require Import Coquelicot.
From Coq Require Import Reals List Lra Lia.
From Temperance Require Import Temperance Mixtures.
Import ListNotations.
Open Scope R_scope.

(** * 1. Statements *)

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

Lemma split_weight a l x : total_of l x = weight a l * f a x + total_of (filter (fun '(_, b) => if dec b a then false else true) l) x.
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
  assert (K : (length (filter (fun '(_, c) => if dec c (snd (w, m')) then false else true) l) < length l)%nat); [|simpl in K, L |- *; lia].
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
  + rewrite <- !Rsqr_pow2; destruct (Req_EM_T (Rabs b) (Rabs B)) as [E | E], (Req_EM_T (Rsqr b) (Rsqr B)) as [K | K]; try ring.
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
Proof. split; [unfold Rabs; destruct (Rcase_abs b), (Rcase_abs B); intros; lra|intros [-> | ->]; [|rewrite Rabs_Ropp]; easy]. Qed.

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

Lemma in_size e s : (0 < e)%nat -> smooth_at_0 s -> infinitely_many (fun m => Derive_n s (2 * m + e) 0 <> 0) -> free_in_size s.
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
  + apply abs_eq in K; destruct K as [-> | ->]; [destruct (Req_EM_T B B)|destruct (Req_EM_T (- B) B)]; try lra; field; trivial.
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
  replace (2 * S m + 0)%nat with (2 * m + 2)%nat in K |- * by lia; replace (pred (2 * m + 2)) with (2 * m + 1)%nat in K by lia.
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
{ intros n z; rewrite <- Nat.add_1_r, <- (Derive_n_comp f n 1); apply Derive_n_ext; intros; now apply is_derive_unique. }
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
Proof. change (hermite (S n) z) with (let (p, q) := hermite n z in (q, - z * q - INR (S n) * p)); now destruct (hermite n z). Qed.

Lemma is_derive_phi z : is_derive phi z (- z * phi z).
Proof. unfold phi, Rdiv; auto_derive; [trivial|field]; split; apply Rgt_not_eq, sqrt_lt_R0; first [apply PI_RGT_0|lra]. Qed.

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
  evar_last; [apply (is_derive_mult (fun z => - z) phi); [auto_derive; [trivial|reflexivity]|apply is_derive_phi|exact Rmult_comm]|].
  unfold plus, mult; simpl; ring.
- split.
  + apply (is_derive_ext (fun z => snd (hermite n z))); [intros; now rewrite hermite_next|apply IH].
  + apply (is_derive_ext (fun z => - z * snd (hermite n z) - INR (S n) * fst (hermite n z))); [intros; now rewrite hermite_next|].
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
    evar_last; [apply (is_derive_times (fun _ => 0)); [apply @is_derive_const|apply is_derive_cdf]|unfold zero; simpl; ring].
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

Lemma softplus_mirror z : softplus z - softplus (- z) = 1 * z.
Proof.
assert (P := exp_pos z); assert (Q := exp_pos (- z)); unfold softplus.
replace (1 + exp z) with (exp z * (1 + exp (- z))) by (rewrite Rmult_plus_distr_l, <- exp_plus, Rplus_opp_r, exp_0; ring).
rewrite ln_mult, ln_exp by lra; ring.
Qed.

Theorem softplus_orbit i j beta beta0 tau l : tau <> 0 -> l <> 0 ->
  one_density softplus tau [regate i beta beta0; regate j (- beta) 0]
    (l * tau) [regate i (l * beta) (l * beta0); regate j (- (l * beta)) 0].
Proof. intros; now apply (mirror softplus 1 softplus_mirror). Qed.

Definition everything := (power_sums, odd_free, even_free, both_free, three_free, softplus_orbit).
Print Assumptions everything.
