(** Linear independence of {1, s, z s', ...}, for activation functions s: definitions, and a checker proved correct.

    Part 1 is what the generated theorems say and all that has to be read; the rest is proof. A generated file states s
    and its domain D; [check_ok] (part 7) turns one computation into the independence of families of functions, part 8
    turns that, and relations, into the statements, and part 10 has the tactics of the generated proofs.
    Everything is computed with CoqInterval's multiple-precision intervals over Z (no primitive integers or floats),
    so that generated theorems rest on the axioms of Coq's classical reals alone.  *)

From Interval Require Import Float.Specific_stdz Float.Specific_ops Interval.Float_full Interval.Interval.
From Interval Require Import Real.Xreal Float.Basic Float.Sig.
From Coquelicot Require Import Coquelicot.
From Coq Require Import Reals Ranalysis5 ZArith List Lia Lra Bool.
Import ListNotations.
Open Scope R_scope.

(** * 1. Statements *)

Fixpoint dot (c v : list R) : R :=
  match c, v with a :: c, x :: v => a * x + dot c v | _, _ => 0 end.

Definition at_point (z : R) (fs : list (R -> R)) : list R := map (fun f => f z) fs.

Definition all_zero (c : list R) : Prop := Forall (fun x => x = 0) c.

(** The functions fs, on the set D, are linearly independent: a combination that vanishes on D is trivial. *)
Definition independent (D : R -> Prop) (fs : list (R -> R)) : Prop :=
  forall c, length c = length fs -> (forall z, D z -> dot c (at_point z fs) = 0) -> all_zero c.

Definition dependent (D : R -> Prop) (fs : list (R -> R)) : Prop :=
  exists c, length c = length fs /\ ~ all_zero c /\ forall z, D z -> dot c (at_point z fs) = 0.

Definition in_span (D : R -> Prop) (f : R -> R) (fs : list (R -> R)) : Prop :=
  exists c, length c = length fs /\ forall z, D z -> f z = dot c (at_point z fs).

(** s has two derivatives on D, which is not empty. s' and s'' below are Coquelicot's total functions; on D they are
    the derivatives. *)
Definition smooth (D : R -> Prop) (s : R -> R) : Prop :=
  (exists z, D z) /\ forall z, D z -> ex_derive s z /\ ex_derive (Derive s) z.

Section Families.
Variable s : R -> R.
Let s1 := Derive s.
Let s2 := Derive (Derive s).
Definition F1 := [fun z => 1; s; fun z => z * s1 z].
Definition A tau := [fun z => 1; s; fun z => s z ^ 2; fun z => z * s1 z; fun z => z * s z * s1 z;
                     fun z => z ^ 2 * (s2 z + s1 z ^ 2 / tau)].
Definition B := [fun z => 1; s; fun z => z; fun z => z * s z; fun z => z * s1 z; fun z => z ^ 2 * s1 z].
Definition C := [fun z => 1; s; fun z => z; fun z => z ^ 2; fun z => z * s1 z].
(** The sharp conditions: (i) that P is independent, (ii) that z^2 is not in the span of Q, (iii) nor 1 in that of W. *)
Definition P tau := [fun z => 1; s; fun z => z * s1 z; fun z => z ^ 2 * (s2 z + s1 z ^ 2 / tau)].
Definition Q := [fun z => 1; fun z => z; fun z => z * s1 z].
Definition W := [fun z => z; fun z => z * s1 z].
End Families.

Definition first_order D s := smooth D s /\ independent D (F1 s).
Definition second_order_at tau D s :=
  smooth D s /\ independent D (A s tau) /\ independent D (B s) /\ independent D (C s).
Definition second_order D s := forall tau, 0 < tau -> second_order_at tau D s.
Definition sharp_i_at tau D s := smooth D s /\ independent D (P s tau).
Definition sharp_i D s := forall tau, 0 < tau -> sharp_i_at tau D s.
Definition sharp_ii D s := smooth D s /\ ~ in_span D (fun z => z ^ 2) (Q s).
Definition sharp_iii D s := smooth D s /\ ~ in_span D (fun z => 1) (W s).

Definition first_order_fails D s := smooth D s /\ dependent D (F1 s).
Definition second_order_fails_at tau D s :=
  smooth D s /\ (dependent D (A s tau) \/ dependent D (B s) \/ dependent D (C s)).
Definition second_order_fails D s := forall tau, 0 < tau -> second_order_fails_at tau D s.
Definition sharp_i_fails_at tau D s := smooth D s /\ dependent D (P s tau).
Definition sharp_i_fails D s := forall tau, 0 < tau -> sharp_i_fails_at tau D s.
Definition sharp_ii_fails D s := smooth D s /\ in_span D (fun z => z ^ 2) (Q s).
Definition sharp_iii_fails D s := smooth D s /\ in_span D (fun z => 1) (W s).

(** A failure that says nothing of some ends of pieces, which D leaves out: it holds almost everywhere. *)
Definition almost_everywhere (left_out : list R) (D : R -> Prop) (fails : Prop) : Prop :=
  (forall z, In z left_out -> ~ D z) /\ fails.

Lemma not_both D fs : independent D fs -> dependent D fs -> False.
Proof. intros H [c [L [N Hc]]]; exact (N (H c L Hc)). Qed.

Definition erf (x : R) : R := 2 / sqrt PI * RInt (fun t => exp (- t ^ 2)) 0 x.

(** The largest w with w exp w <= x; LambertW x exp (LambertW x) = x where x > - exp (- 1), see [lambert_spec]. *)
Definition LambertW (x : R) : R := real (Lub_Rbar (fun w => w * exp w <= x)).

(** * 2. Two derivatives at a point *)

Definition jet (f : R -> R) (x : R) (j : R * R * R) : Prop :=
  let '(a, b, c) := j in
  f x = a /\ exists g, locally x (fun y => is_derive f y (g y)) /\ g x = b /\ is_derive g x c.

Ltac jsplit := split; [|split; [trivial|]].

Lemma jet_derive f x a b c : jet f x (a, b, c) ->
  f x = a /\ Derive f x = b /\ Derive (Derive f) x = c /\ ex_derive f x /\ ex_derive (Derive f) x.
Proof.
intros [Ha [g [L [Hb Hc]]]].
assert (Lg : locally x (fun y => g y = Derive f y)).
{ revert L; apply filter_imp; intros y Hy; symmetry; now apply is_derive_unique. }
assert (Hd := locally_singleton _ _ L); simpl in Hd.
split; [trivial|split; [|split; [|split]]].
- rewrite <- Hb; now apply is_derive_unique.
- apply is_derive_unique; now apply is_derive_ext_loc with g.
- now exists (g x).
- exists c; now apply is_derive_ext_loc with g.
Qed.

Lemma jet_ext f h x j : locally x (fun y => f y = h y) -> jet f x j -> jet h x j.
Proof.
destruct j as [[a b] c]; intros E [Ha [g [L [Hb Hc]]]]; split.
- rewrite <- Ha; symmetry; exact (locally_singleton _ _ E).
- exists g; jsplit.
  + generalize (filter_and _ _ (locally_locally _ _ E) L); apply filter_imp; intros y [Ey Hy].
    now apply is_derive_ext_loc with f.
  + trivial.
Qed.

Lemma jet_const k x : jet (fun _ => k) x (k, 0, 0).
Proof.
split; trivial; exists (fun _ => 0); jsplit.
- apply filter_forall; intros y; apply @is_derive_const.
- apply @is_derive_const.
Qed.

Lemma jet_id x : jet (fun y => y) x (x, 1, 0).
Proof.
split; trivial; exists (fun _ => 1); jsplit.
- apply filter_forall; intros y; apply @is_derive_id.
- apply @is_derive_const.
Qed.

Lemma jet_opp f x a b c : jet f x (a, b, c) -> jet (fun y => - f y) x (- a, - b, - c).
Proof.
intros [Ha [g [L [Hb Hc]]]]; split; [now rewrite Ha|].
exists (fun y => - g y); jsplit.
- revert L; apply filter_imp; intros y Hy; now apply @is_derive_opp.
- now rewrite Hb.
- now apply @is_derive_opp.
Qed.

Lemma jet_plus f h x a b c p q r : jet f x (a, b, c) -> jet h x (p, q, r) ->
  jet (fun y => f y + h y) x (a + p, b + q, c + r).
Proof.
intros [Ha [g [L [Hb Hc]]]] [Hp [k [M [Hq Hr]]]]; split; [now rewrite Ha, Hp|].
exists (fun y => g y + k y); jsplit.
- generalize (filter_and _ _ L M); apply filter_imp; intros y [H1 H2]; now apply @is_derive_plus.
- now rewrite Hb, Hq.
- now apply @is_derive_plus.
Qed.

Lemma is_derive_prod (f h : R -> R) x b q :
  is_derive f x b -> is_derive h x q -> is_derive (fun y => f y * h y) x (b * h x + f x * q).
Proof. intros H1 H2; apply (is_derive_mult f h x b q H1 H2); exact Rmult_comm. Qed.

Lemma jet_mult f h x a b c p q r : jet f x (a, b, c) -> jet h x (p, q, r) ->
  jet (fun y => f y * h y) x (a * p, b * p + a * q, c * p + 2 * (b * q) + a * r).
Proof.
intros [Ha [g [L [Hb Hc]]]] [Hp [k [M [Hq Hr]]]]; split; [now rewrite Ha, Hp|].
assert (L0 := locally_singleton _ _ L); assert (M0 := locally_singleton _ _ M); simpl in L0, M0.
exists (fun y => g y * h y + f y * k y); jsplit.
- generalize (filter_and _ _ L M); apply filter_imp; intros y [H1 H2]; now apply is_derive_prod.
- now rewrite Ha, Hb, Hp, Hq.
- replace (c * p + 2 * (b * q) + a * r) with ((c * h x + g x * k x) + (g x * k x + f x * r))
    by (rewrite Ha, Hb, Hp, Hq; ring).
  apply @is_derive_plus; now apply is_derive_prod.
Qed.

Lemma jet_comp f h x a b c p q r : jet f x (a, b, c) -> jet h a (p, q, r) ->
  jet (fun y => h (f y)) x (p, q * b, r * (b * b) + q * c).
Proof.
intros [Ha [g [L [Hb Hc]]]] [Hp [k [M [Hq Hr]]]]; subst a; split; trivial.
assert (L0 := locally_singleton _ _ L); simpl in L0.
assert (Cf : continuous f x) by (apply @ex_derive_continuous; now exists (g x)).
exists (fun y => k (f y) * g y); jsplit.
- generalize (filter_and _ _ L (Cf _ M)); apply filter_imp; intros y [H1 H2].
  replace (k (f y) * g y) with (scal (g y) (k (f y))) by (unfold scal; simpl; unfold mult; simpl; ring).
  now apply @is_derive_comp.
- now rewrite Hb, Hq.
- replace (r * (b * b) + q * c) with ((g x * r) * g x + k (f x) * c) by (rewrite Hb, Hq; ring).
  apply (is_derive_prod (fun y => k (f y))); trivial.
  replace (g x * r) with (scal (g x) r) by trivial.
  now apply @is_derive_comp.
Qed.

(** * 3. Elementary functions *)

Inductive fn := Inv | Exp | Ln | Sqrt | Sin | Cos | Atan | Tanh | Erf | Lambert | Power (n : nat).

Definition fun1 (f : fn) : R -> R :=
  match f with
  | Inv => Rinv | Exp => exp | Ln => ln | Sqrt => sqrt | Sin => sin | Cos => cos | Atan => atan
  | Tanh => tanh | Erf => erf | Lambert => LambertW
  | Power n => fun x => x ^ n
  end.

Definition dom1 (f : fn) (a : R) : Prop :=
  match f with Inv => a <> 0 | Ln | Sqrt => 0 < a | Lambert => 0 < exp (- 1) + a | _ => True end.

Definition jet1 (f : fn) (a : R) : R * R * R :=
  match f with
  | Inv => let i := / a in (i, - (i * i), 2 * (i * i * i))
  | Exp => let e := exp a in (e, e, e)
  | Ln => let i := / a in (ln a, i, - (i * i))
  | Sqrt => let r := sqrt a in let h := / (2 * r) in (r, h, - (h * / (2 * a)))
  | Sin => (sin a, cos a, - sin a)
  | Cos => (cos a, - sin a, - cos a)
  | Atan => let i := / (1 + a * a) in (atan a, i, - (2 * a * (i * i)))
  | Tanh => let t := tanh a in let u := 1 - t * t in (t, u, - (2 * t * u))
  | Erf => let g := 2 * / sqrt PI * exp (- (a * a)) in (erf a, g, - (2 * a * g))
  | Lambert => let w := LambertW a in let e := exp w in let i := / (e * (1 + w)) in
               (w, i, - ((2 + w) * e * (i * i * i)))
  | Power n => (a ^ n, INR n * a ^ pred n, INR n * (INR (pred n) * a ^ pred (pred n)))
  end.

Lemma locally_lt x a : a < x -> locally x (fun y => a < y).
Proof. intros H; exact (open_gt a x H). Qed.

Lemma locally_gt x a : x < a -> locally x (fun y => y < a).
Proof. intros H; exact (open_lt a x H). Qed.

Lemma locally_neq x : x <> 0 -> locally x (fun y => y <> 0).
Proof.
intros H; destruct (Rdichotomy _ _ H) as [G | G].
- generalize (locally_gt _ _ G); apply filter_imp; intros y Hy; lra.
- generalize (locally_lt _ _ G); apply filter_imp; intros y Hy; lra.
Qed.

Lemma continuous_gauss x : continuous (fun t : R => exp (- t ^ 2)) x.
Proof. apply @ex_derive_continuous; auto_derive; trivial. Qed.

Lemma is_derive_gauss_int x : is_derive (fun x => RInt (fun t => exp (- t ^ 2)) 0 x) x (exp (- x ^ 2)).
Proof.
apply is_derive_RInt with (a := 0) (f := fun t => exp (- t ^ 2)).
- apply filter_forall; intros y; apply @RInt_correct; apply @ex_RInt_continuous; intros; apply continuous_gauss.
- apply continuous_gauss.
Qed.

Lemma is_derive_erf x : is_derive erf x (2 * / sqrt PI * exp (- (x * x))).
Proof.
unfold erf, Rdiv; replace (x * x) with (x ^ 2) by ring.
apply is_derive_scal with (f := fun x => RInt (fun t => exp (- t ^ 2)) 0 x), is_derive_gauss_int.
Qed.

Lemma cosh_neq x : cosh x <> 0.
Proof. unfold cosh; generalize (exp_pos x) (exp_pos (- x)); lra. Qed.

Lemma is_derive_tanh x : is_derive tanh x (1 - tanh x * tanh x).
Proof.
assert (H := cosh_neq x); unfold tanh, sinh, cosh in *.
assert (exp x + exp (- x) <> 0) by lra.
auto_derive; [trivial|field; trivial].
Qed.

(** LambertW, the inverse of w exp w for w > - 1. *)
Lemma wexp_less v w : - 1 <= w -> w < v -> w * exp w < v * exp v.
Proof.
intros Hw Hv; set (d := v - w); assert (Hd : 0 < d) by (unfold d; lra).
replace v with (w + d) by (unfold d; ring); rewrite exp_plus; assert (P := exp_pos w).
replace ((w + d) * (exp w * exp d)) with (exp w * ((w + d) * exp d)) by ring; rewrite Rmult_comm.
apply Rmult_lt_compat_l; trivial; assert (Ed := exp_ineq1 d ltac:(lra)); assert (E' := exp_ineq1 (- d) ltac:(lra)).
destruct (Rle_lt_dec 0 (w + d)) as [K | K]; [nra|].
assert (Q : exp (- d) * exp d = 1) by (rewrite <- exp_plus, Rplus_opp_l; apply exp_0).
assert (R1 : w * exp (- d) < w + d) by nra.
apply Rmult_lt_reg_r with (exp (- d)); [apply exp_pos|].
replace ((w + d) * exp d * exp (- d)) with (w + d) by (rewrite Rmult_assoc, (Rmult_comm (exp d)), Q; ring); trivial.
Qed.

Lemma lambert_of w : - 1 <= w -> LambertW (w * exp w) = w.
Proof.
intros H; unfold LambertW; rewrite (is_lub_Rbar_unique _ (Finite w)); [trivial|split].
- intros v Hv; simpl; destruct (Rle_lt_dec v w) as [K | K]; trivial; generalize (wexp_less v w H K); lra.
- intros b Hb; apply Hb; lra.
Qed.

Lemma lambert_exists x : 0 < exp (- 1) + x -> exists w, - 1 < w /\ w * exp w = x.
Proof.
intros H; destruct (IVT_gen (fun w => w * exp w) (- 1) (Rabs x) x) as [w [Hw E]].
- intros y; apply continuity_pt_filterlim; apply (ex_derive_continuous (fun w => w * exp w)); auto_derive; trivial.
- assert (A := Rabs_pos x); assert (L : x <= Rabs x * exp (Rabs x)).
  { apply Rle_trans with (Rabs x); [apply Rle_abs|]; generalize (exp_ineq1_le (Rabs x)); nra. }
  rewrite Rmin_left, Rmax_right by lra; lra.
- exists w; split; trivial; rewrite Rmin_left in Hw by (generalize (Rabs_pos x); lra).
  destruct (Rle_lt_or_eq_dec _ _ (proj1 Hw)) as [K | K]; trivial; subst w; lra.
Qed.

Lemma lambert_spec x : 0 < exp (- 1) + x -> - 1 < LambertW x /\ LambertW x * exp (LambertW x) = x.
Proof. intros H; destruct (lambert_exists x H) as [w [Hw <-]]; rewrite lambert_of by lra; now split. Qed.

Lemma wexp_above w : - 1 < w -> 0 < exp (- 1) + w * exp w.
Proof. intros H; generalize (wexp_less w (- 1) (Rle_refl _) H); lra. Qed.

Lemma lambert_less x y : 0 < exp (- 1) + x -> x < y -> LambertW x < LambertW y.
Proof.
intros H L; destruct (lambert_spec x H) as [H1 E1]; destruct (lambert_spec y ltac:(lra)) as [H2 E2].
destruct (Rlt_le_dec (LambertW x) (LambertW y)) as [K | [K | K]]; trivial.
- generalize (wexp_less _ _ (Rlt_le _ _ H2) K); lra.
- rewrite K in E2; lra.
Qed.

Lemma lambert_between l x h : - 1 < l -> - 1 < h -> l * exp l < x -> x < h * exp h -> l < LambertW x < h.
Proof.
intros Hl Hh H1 H2; assert (A := wexp_above l Hl); assert (Hx : 0 < exp (- 1) + x) by lra; split.
- rewrite <- (lambert_of l) by lra; now apply lambert_less.
- rewrite <- (lambert_of h) by lra; now apply lambert_less.
Qed.

Lemma lambert_continuous x : 0 < exp (- 1) + x -> continuous LambertW x.
Proof.
intros H P [e HP]; destruct (lambert_spec x H) as [Hw E]; set (w := LambertW x) in *.
set (d := Rmin e ((w + 1) / 2)); assert (Hd : 0 < d) by (unfold d; apply Rmin_pos; [apply cond_pos|lra]).
assert (D1 : d <= e) by apply Rmin_l; assert (D2 : d <= (w + 1) / 2) by apply Rmin_r.
assert (L1 := wexp_less w (w - d) ltac:(lra) ltac:(lra)); assert (L2 := wexp_less (w + d) w ltac:(lra) ltac:(lra)).
assert (B1 := locally_lt x ((w - d) * exp (w - d)) ltac:(lra)).
assert (B2 := locally_gt x ((w + d) * exp (w + d)) ltac:(lra)).
change (locally x (fun y => P (LambertW y))).
generalize (filter_and _ _ B1 B2); clear B1 B2; apply filter_imp; intros y [Y1 Y2]; apply HP.
destruct (lambert_between (w - d) y (w + d)) as [B1 B2]; try lra.
unfold ball; simpl; unfold AbsRing_ball, abs, minus, plus, opp; simpl; fold w.
apply Rabs_def1; lra.
Qed.

Lemma is_derive_wexp w : is_derive (fun w => w * exp w) w (exp w * (1 + w)).
Proof. auto_derive; trivial; ring. Qed.

Lemma is_derive_lambert x : 0 < exp (- 1) + x ->
  is_derive LambertW x (/ (exp (LambertW x) * (1 + LambertW x))).
Proof.
intros H; destruct (lambert_spec x H) as [Hw E]; assert (P := exp_pos (LambertW x)).
set (f := fun w => w * exp w).
assert (Prf : forall a, derivable_pt f a) by
  (intros a; exists (exp a * (1 + a)); apply is_derive_Reals, is_derive_wexp).
set (e := (exp (- 1) + x) / 2); assert (He : 0 < e) by (unfold e; lra).
assert (Incr : LambertW (x - e) <= LambertW x <= LambertW (x + 1)).
{ split; apply Rlt_le, lambert_less; unfold e in *; lra. }
assert (D := derivable_pt_lim_recip_interv f LambertW (x - e) (x + 1) x (fun a _ => Prf a)
  (proj2 (continuity_pt_filterlim _ _) (lambert_continuous x H)) ltac:(lra) ltac:(lra) Incr).
assert (V : derive_pt f (LambertW x) (Prf (LambertW x)) = exp (LambertW x) * (1 + LambertW x)) by
  (apply derive_pt_eq_0, is_derive_Reals, is_derive_wexp).
cbv beta in D; rewrite V in D; apply is_derive_Reals; rewrite <- Rdiv_1_l; apply D.
- intros y [Y1 _]; unfold comp, id, f; apply (lambert_spec y); unfold e in *; lra.
- apply Rgt_not_eq, Rmult_lt_0_compat; lra.
Qed.

Lemma jet1_correct f a : dom1 f a -> jet (fun1 f) a (jet1 f a).
Proof.
destruct f; simpl; intros H; (split; [trivial|]).
- exists (fun y => - (/ y * / y)); jsplit.
  + generalize (locally_neq _ H); apply filter_imp; intros y Hy; auto_derive; [now repeat split|now field].
  + auto_derive; [now repeat split|now field].
- exists exp; jsplit.
  + apply filter_forall; intros y; apply is_derive_exp.
  + apply is_derive_exp.
- exists Rinv; jsplit.
  + generalize (locally_lt _ _ H); apply filter_imp; intros y Hy.
    apply is_derive_Reals; now apply derivable_pt_lim_ln.
  + auto_derive; [lra|field; lra].
- exists (fun y => / (2 * sqrt y)); jsplit.
  + generalize (locally_lt _ _ H); apply filter_imp; intros y Hy.
    apply is_derive_Reals; now apply derivable_pt_lim_sqrt.
  + assert (S := sqrt_lt_R0 _ H).
    auto_derive; [split; [lra|split; [|trivial]]; lra|].
    assert (E : sqrt a * sqrt a = a) by (apply sqrt_sqrt; lra).
    set (r := sqrt a) in *; clearbody r; subst a; field; lra.
- exists cos; jsplit; [apply filter_forall; intros y|]; auto_derive; trivial; ring.
- exists (fun y => - sin y); jsplit; [apply filter_forall; intros y|]; auto_derive; trivial; ring.
- assert (P : forall y, 1 + y * y <> 0) by (intros y; generalize (Rle_0_sqr y); unfold Rsqr; lra).
  exists (fun y => / (1 + y * y)); jsplit.
  + apply filter_forall; intros y; apply is_derive_Reals.
    replace (y * y) with (y ^ 2) by ring; apply derivable_pt_lim_atan.
  + auto_derive; [apply P|field; apply P].
- exists (fun y => 1 - tanh y * tanh y); jsplit.
  + apply filter_forall; intros y; apply is_derive_tanh.
  + assert (D := is_derive_prod _ _ _ _ _ (is_derive_tanh a) (is_derive_tanh a)).
    assert (E := is_derive_minus (fun _ => 1) _ _ _ _ (is_derive_const 1 a) D); cbn beta in E.
    replace (- (2 * tanh a * (1 - tanh a * tanh a))) with
      (minus zero ((1 - tanh a * tanh a) * tanh a + tanh a * (1 - tanh a * tanh a))); [exact E|].
    unfold minus, plus, opp, zero; simpl; ring.
- exists (fun y => 2 * / sqrt PI * exp (- (y * y))); jsplit.
  + apply filter_forall; intros y; apply is_derive_erf.
  + assert (sqrt PI <> 0) by (apply Rgt_not_eq, sqrt_lt_R0, PI_RGT_0); auto_derive; trivial; now field.
- destruct (lambert_spec a H) as [Hw _].
  exists (fun y => / (exp (LambertW y) * (1 + LambertW y))); jsplit.
  + generalize (locally_lt a (- exp (- 1)) ltac:(lra)); apply filter_imp; intros y Hy; apply is_derive_lambert; lra.
  + assert (D := is_derive_lambert a H); assert (P := exp_pos (LambertW a)).
    assert (N : exp (LambertW a) * (1 + LambertW a) <> 0) by (apply Rgt_not_eq, Rmult_lt_0_compat; lra).
    assert (G : is_derive (fun w => / (exp w * (1 + w))) (LambertW a)
      (- ((2 + LambertW a) * exp (LambertW a)) * (/ (exp (LambertW a) * (1 + LambertW a)) * / (exp (LambertW a) * (1 + LambertW a))))).
    { auto_derive; [trivial|field; lra]. }
    generalize (is_derive_comp (fun w => / (exp w * (1 + w))) LambertW a _ _ G D).
    unfold scal; simpl; unfold mult; simpl; intros K; evar_last; [exact K|ring].
- exists (fun y => INR n * y ^ pred n); jsplit.
  + apply filter_forall; intros y; apply is_derive_Reals, derivable_pt_lim_pow.
  + apply is_derive_scal with (f := fun y => y ^ pred n); apply is_derive_Reals, derivable_pt_lim_pow.
Qed.

(** * 4. Expressions, and functions in pieces *)

Inductive expr := X | Int (n : Z) | Pi | Neg (a : expr) | Add (a b : expr) | Mul (a b : expr) | App (f : fn) (a : expr).

Fixpoint eval (e : expr) (z : R) : R :=
  match e with
  | X => z | Int n => IZR n | Pi => PI | Neg a => - eval a z
  | Add a b => eval a z + eval b z | Mul a b => eval a z * eval b z | App f a => fun1 f (eval a z)
  end.

Fixpoint defined (e : expr) (z : R) : Prop :=
  match e with
  | X | Int _ | Pi => True | Neg a => defined a z
  | Add a b | Mul a b => defined a z /\ defined b z | App f a => defined a z /\ dom1 f (eval a z)
  end.

Fixpoint rjet (e : expr) (z : R) : R * R * R :=
  match e with
  | X => (z, 1, 0) | Int n => (IZR n, 0, 0) | Pi => (PI, 0, 0)
  | Neg a => let '(a, b, c) := rjet a z in (- a, - b, - c)
  | Add e f => let '(a, b, c) := rjet e z in let '(p, q, r) := rjet f z in (a + p, b + q, c + r)
  | Mul e f => let '(a, b, c) := rjet e z in let '(p, q, r) := rjet f z in
               (a * p, b * p + a * q, c * p + 2 * (b * q) + a * r)
  | App f e => let '(a, b, c) := rjet e z in let '(p, q, r) := jet1 f a in (p, q * b, r * (b * b) + q * c)
  end.

Lemma rjet_value e z : fst (fst (rjet e z)) = eval e z.
Proof.
induction e; simpl; trivial.
- destruct (rjet e z) as [[a b] c]; simpl in *; congruence.
- destruct (rjet e1 z) as [[a b] c], (rjet e2 z) as [[p q] r]; simpl in *; congruence.
- destruct (rjet e1 z) as [[a b] c], (rjet e2 z) as [[p q] r]; simpl in *; congruence.
- destruct (rjet e z) as [[a b] c]; simpl in *; subst; destruct f; reflexivity.
Qed.

Lemma rjet_correct e z : defined e z -> jet (eval e) z (rjet e z).
Proof.
induction e; simpl; intros H.
- apply jet_id.
- apply jet_const.
- apply jet_const.
- specialize (IHe H); destruct (rjet e z) as [[a b] c]; now apply jet_opp.
- destruct H as [H1 H2]; specialize (IHe1 H1); specialize (IHe2 H2).
  destruct (rjet e1 z) as [[a b] c], (rjet e2 z) as [[p q] r]; now apply jet_plus.
- destruct H as [H1 H2]; specialize (IHe1 H1); specialize (IHe2 H2).
  destruct (rjet e1 z) as [[a b] c], (rjet e2 z) as [[p q] r]; now apply jet_mult.
- destruct H as [H1 H2]; specialize (IHe H1); generalize (rjet_value e z).
  destruct (rjet e z) as [[a b] c]; simpl; intros E; subst a.
  assert (J := jet1_correct _ _ H2).
  destruct (jet1 f (eval e z)) as [[p q] r].
  change (jet (fun y => fun1 f (eval e y)) z (p, q * b, r * (b * b) + q * c)); now apply jet_comp with (1 := IHe).
Qed.

Inductive pieces := Last (e : expr) | Below (bound e : expr) (rest : pieces).

Fixpoint peval (ps : pieces) (z : R) : R :=
  match ps with Last e => eval e z | Below b e r => if Rlt_dec z (eval b 0) then eval e z else peval r z end.

Fixpoint pdefined (ps : pieces) (z : R) : Prop :=
  match ps with
  | Last e => defined e z
  | Below b e r => (z < eval b 0 /\ defined e z) \/ (eval b 0 < z /\ pdefined r z)
  end.

Fixpoint pjet (ps : pieces) (z : R) : R * R * R :=
  match ps with Last e => rjet e z | Below b e r => if Rlt_dec z (eval b 0) then rjet e z else pjet r z end.

Lemma pjet_correct ps z : pdefined ps z -> jet (peval ps) z (pjet ps z).
Proof.
induction ps as [e | b e r IH]; simpl.
- apply rjet_correct.
- intros [[Hz He] | [Hz Hr]]; destruct Rlt_dec as [G | G]; try lra.
  + apply jet_ext with (eval e); [|now apply rjet_correct].
    generalize (locally_gt _ _ Hz); apply filter_imp; intros y Hy.
    destruct Rlt_dec; [trivial|lra].
  + apply jet_ext with (peval r); [|now apply IH].
    generalize (locally_lt _ _ Hz); apply filter_imp; intros y Hy.
    destruct Rlt_dec; [lra|trivial].
Qed.

Lemma smooth_pieces D ps z0 : D z0 -> (forall z, D z -> pdefined ps z) -> smooth D (peval ps).
Proof.
intros H0 H; split; [now exists z0|]; intros z Hz; assert (J := pjet_correct _ _ (H z Hz)).
destruct (pjet ps z) as [[a b] c]; apply jet_derive in J; tauto.
Qed.

(** * 5. The same with intervals *)

Module F := SpecificFloat StdZRadix2.
Module I := FloatIntervalFull F.

Definition In_ (i : I.type) (x : R) : Prop := contains (I.convert i) (Xreal x).
Definition In3 (i : I.type * I.type * I.type) (x : R * R * R) : Prop :=
  In_ (fst (fst i)) (fst (fst x)) /\ In_ (snd (fst i)) (snd (fst x)) /\ In_ (snd i) (snd x).

Section Intervals.
Variable prec : positive.
Variable terms : nat. (** of the series of erf *)
Let p := F.PtoP prec.

Definition iZ n := I.fromZ p n.
Definition iadd := I.add p.
Definition imul := I.mul p.
Definition iinv := I.inv p.

Arguments iZ : simpl never.
Arguments iadd : simpl never.
Arguments imul : simpl never.
Arguments iinv : simpl never.
Arguments I.neg : simpl never.
Arguments I.exp : simpl never.
Arguments I.ln : simpl never.
Arguments I.sqrt : simpl never.
Arguments I.sin : simpl never.
Arguments I.cos : simpl never.
Arguments I.atan : simpl never.
Arguments I.pi : simpl never.
Arguments In_ : simpl never.

Lemma iZ_ok n : In_ (iZ n) (IZR n).
Proof. apply I.fromZ_correct. Qed.

Lemma iadd_ok i j x y : In_ i x -> In_ j y -> In_ (iadd i j) (x + y).
Proof. exact (I.add_correct p i j (Xreal x) (Xreal y)). Qed.

Lemma imul_ok i j x y : In_ i x -> In_ j y -> In_ (imul i j) (x * y).
Proof. exact (I.mul_correct p i j (Xreal x) (Xreal y)). Qed.

Lemma ineg_ok i x : In_ i x -> In_ (I.neg i) (- x).
Proof. exact (I.neg_correct i (Xreal x)). Qed.

Lemma nan_any i x : contains (I.convert i) Xnan -> In_ i x.
Proof. unfold In_; now destruct (I.convert i). Qed.

Lemma iinv_ok i x : In_ i x -> In_ (iinv i) (/ x).
Proof.
intros H; generalize (I.inv_correct p i (Xreal x) H); simpl; unfold Xinv'.
destruct is_zero; [apply nan_any|trivial].
Qed.

Lemma iexp_ok i x : In_ i x -> In_ (I.exp p i) (exp x).
Proof. exact (I.exp_correct p i (Xreal x)). Qed.

Lemma isin_ok i x : In_ i x -> In_ (I.sin p i) (sin x).
Proof. exact (I.sin_correct p i (Xreal x)). Qed.

Lemma icos_ok i x : In_ i x -> In_ (I.cos p i) (cos x).
Proof. exact (I.cos_correct p i (Xreal x)). Qed.

Lemma iatan_ok i x : In_ i x -> In_ (I.atan p i) (atan x).
Proof. exact (I.atan_correct p i (Xreal x)). Qed.

Definition itanh (i : I.type) := iadd (iZ 1) (I.neg (imul (iZ 2) (iinv (iadd (I.exp p (imul (iZ 2) i)) (iZ 1))))).

Lemma itanh_ok i x : In_ i x -> In_ (itanh i) (tanh x).
Proof.
intros H; replace (tanh x) with (1 + - (2 * / (exp (2 * x) + 1))).
- apply iadd_ok; [apply iZ_ok|apply ineg_ok, imul_ok; [apply iZ_ok|apply iinv_ok, iadd_ok; [|apply iZ_ok]]].
  apply iexp_ok; apply imul_ok; [apply iZ_ok|trivial].
- replace (2 * x) with (x + x) by ring; unfold tanh, sinh, cosh; rewrite exp_plus, exp_Ropp.
  generalize (exp_pos x); intros; field; nra.
Qed.

(** 1 - tanh^2 without the difference, which is lost where tanh is near 1. *)
Definition isech2 (i : I.type) := let e := I.exp p (imul (iZ 2) i) in let r := iinv (iadd e (iZ 1)) in
  imul (iZ 4) (imul e (imul r r)).

Lemma isech2_ok i x : In_ i x -> In_ (isech2 i) (1 - tanh x * tanh x).
Proof.
intros H; replace (1 - tanh x * tanh x) with (4 * (exp (2 * x) * (/ (exp (2 * x) + 1) * / (exp (2 * x) + 1)))).
- assert (E : In_ (I.exp p (imul (iZ 2) i)) (exp (2 * x))) by (apply iexp_ok, imul_ok; [apply iZ_ok|trivial]).
  assert (K : In_ (iinv (iadd (I.exp p (imul (iZ 2) i)) (iZ 1))) (/ (exp (2 * x) + 1)))
    by (apply iinv_ok, iadd_ok; [trivial|apply iZ_ok]).
  unfold isech2; repeat apply imul_ok; trivial; apply iZ_ok.
- unfold tanh, sinh, cosh; replace (2 * x) with (x + x) by ring; rewrite exp_plus, exp_Ropp.
  assert (H1 := exp_pos x); field; nra.
Qed.

Lemma iln_ok i x : In_ i x -> In_ (I.ln p i) (ln x).
Proof.
intros H; generalize (I.ln_correct p i (Xreal x) H); simpl; unfold Xln'.
destruct is_positive; [trivial|apply nan_any].
Qed.

Lemma isqrt_ok i x : In_ i x -> In_ (I.sqrt p i) (sqrt x).
Proof.
intros H; generalize (I.sqrt_correct p i (Xreal x) H); simpl; unfold Xsqrt'.
try destruct is_negative; trivial; apply nan_any.
Qed.

Fixpoint ipow (i : I.type) (n : nat) : I.type := match n with O => iZ 1 | S n => imul i (ipow i n) end.

Lemma ipow_ok i x n : In_ i x -> In_ (ipow i n) (x ^ n).
Proof. intros H; induction n; simpl; [apply iZ_ok|now apply imul_ok]. Qed.

Definition sgn (i : I.type) : Xcomparison := I.sign_strict i.

Lemma sgn_pos i x : In_ i x -> sgn i = Xgt -> 0 < x.
Proof. intros H E; generalize (I.sign_strict_correct i); unfold sgn in E; rewrite E; intros G; now destruct (G _ H). Qed.

Lemma sgn_neg i x : In_ i x -> sgn i = Xlt -> x < 0.
Proof. intros H E; generalize (I.sign_strict_correct i); unfold sgn in E; rewrite E; intros G; now destruct (G _ H). Qed.

Definition positive (i : I.type) : bool := match sgn i with Xgt => true | _ => false end.
Definition nonzero (i : I.type) : bool := match sgn i with Xgt | Xlt => true | _ => false end.

Lemma positive_ok i x : In_ i x -> positive i = true -> 0 < x.
Proof. unfold positive; intros H; generalize (sgn_pos i x H); destruct (sgn i); auto; discriminate. Qed.

Lemma nonzero_ok i x : In_ i x -> nonzero i = true -> x <> 0.
Proof.
unfold nonzero; intros H; generalize (sgn_pos i x H) (sgn_neg i x H).
destruct (sgn i); intros P N E; try discriminate; [specialize (N eq_refl)|specialize (P eq_refl)]; lra.
Qed.

(** erf x = 2/sqrt PI (exp(-x^2) (t_0 + ... + t_(N-1)) + theta t_N), 0 <= theta <= 1, t_k = 2^k x^(2k+1)/(2k+1)!! *)

Fixpoint rser (n : nat) (k : Z) (t y acc : R) : R * R :=
  match n with O => (acc, t) | S n => rser n (k + 2) (t * (y * / IZR (k + 2))) y (acc + t) end.

Fixpoint iser (n : nat) (k : Z) (t y acc : I.type) : I.type * I.type :=
  match n with
  | O => (acc, t) | S n => iser n (k + 2) (imul t (imul y (iinv (iZ (k + 2))))) y (iadd acc t)
  end.

Lemma iser_ok n : forall k t y acc t' y' acc', In_ t t' -> In_ y y' -> In_ acc acc' ->
  In_ (fst (iser n k t y acc)) (fst (rser n k t' y' acc')) /\ In_ (snd (iser n k t y acc)) (snd (rser n k t' y' acc')).
Proof.
induction n; simpl; intros; [tauto|].
apply IHn; trivial.
- apply imul_ok; trivial; apply imul_ok; trivial; apply iinv_ok, iZ_ok.
- now apply iadd_ok.
Qed.

Fixpoint T (n : nat) (x : R) : R :=
  match n with O => x | S n => T n x * (2 * (x * x) * / IZR (2 * Z.of_nat n + 3)) end.
Fixpoint S_ (n : nat) (x : R) : R := match n with O => 0 | S n => S_ n x + T n x end.
Definition U (n : nat) (x : R) : R := match n with O => 1 | S n => 2 * x * T n x end.

Lemma rser_shift n : forall m x, rser n (2 * Z.of_nat m + 1) (T m x) (2 * (x * x)) (S_ m x) = (S_ (m + n) x, T (m + n) x).
Proof.
induction n; intros m x; cbn [rser].
- now rewrite Nat.add_0_r.
- replace (m + S n)%nat with (S m + n)%nat by lia.
  rewrite <- IHn; cbn [T S_].
  replace (2 * Z.of_nat (S m) + 1)%Z with (2 * Z.of_nat m + 3)%Z by lia.
  now replace (2 * Z.of_nat m + 1 + 2)%Z with (2 * Z.of_nat m + 3)%Z by lia.
Qed.

Lemma rser_spec x n : rser n 1 x (2 * (x * x)) 0 = (S_ n x, T n x).
Proof. exact (rser_shift n 0 x). Qed.

Lemma derive_T n x : is_derive (T n) x (U n x).
Proof.
assert (H : is_derive (T n) x (U n x) /\ T n x * IZR (2 * Z.of_nat n + 1) = x * U n x); [|tauto].
induction n as [|n [IH E]]; cbn [T U].
- split; [apply @is_derive_id|simpl; ring].
- assert (P : 0 < IZR (2 * Z.of_nat n + 3)) by (apply IZR_lt; lia).
  assert (Q : IZR (2 * Z.of_nat n + 1) = IZR (2 * Z.of_nat n + 3) - 2) by (rewrite <- minus_IZR; f_equal; lia).
  replace (2 * Z.of_nat (S n) + 1)%Z with (2 * Z.of_nat n + 3)%Z by lia.
  rewrite Q in E; set (c := IZR (2 * Z.of_nat n + 3)) in *; clearbody c; clear Q.
  split; [|field; lra].
  replace (2 * x * T n x) with (U n x * (2 * (x * x) * / c) + T n x * (4 * x * / c)).
  + apply (is_derive_prod (T n) (fun y => 2 * (y * y) * / c)); trivial.
    auto_derive; trivial; field; lra.
  + replace (U n x * (2 * (x * x) * / c)) with (2 * x * (x * U n x) * / c) by ring.
    rewrite <- E; field; lra.
Qed.

Lemma derive_S n x : is_derive (fun x => exp (- x ^ 2) * S_ n x) x (exp (- x ^ 2) * (1 - U n x)).
Proof.
assert (G : is_derive (fun x => exp (- x ^ 2)) x (- 2 * x * exp (- x ^ 2))) by (auto_derive; trivial; simpl; ring).
assert (H : is_derive (S_ n) x (1 - U n x + 2 * x * S_ n x)).
{ induction n; cbn [S_ U].
  - replace (1 - 1 + 2 * x * 0) with 0 by ring; apply @is_derive_const.
  - replace (1 - 2 * x * T n x + 2 * x * (S_ n x + T n x)) with ((1 - U n x + 2 * x * S_ n x) + U n x) by ring.
    apply @is_derive_plus; trivial; apply derive_T. }
replace (exp (- x ^ 2) * (1 - U n x)) with
  (- 2 * x * exp (- x ^ 2) * S_ n x + exp (- x ^ 2) * (1 - U n x + 2 * x * S_ n x)) by ring.
now apply (is_derive_prod (fun x => exp (- x ^ 2))).
Qed.

Lemma U_pos n x : 0 <= U n x.
Proof.
assert (H : 0 <= U n x /\ 0 <= x * T n x); [|tauto].
induction n as [|n [IH E]]; cbn [T U].
- split; [lra|apply Rle_0_sqr].
- split; [rewrite Rmult_assoc; lra|].
  assert (P : 0 < / IZR (2 * Z.of_nat n + 3)) by (apply Rinv_0_lt_compat, IZR_lt; lia).
  replace (x * (T n x * (2 * (x * x) * / IZR (2 * Z.of_nat n + 3)))) with
    (2 * (x * T n x) * (x * x) * / IZR (2 * Z.of_nat n + 3)) by ring.
  assert (0 <= x * x) by apply Rle_0_sqr.
  apply Rmult_le_pos; [apply Rmult_le_pos; [lra|trivial]|lra].
Qed.

(** A function with derivative >= 0 that is 0 at 0 has the sign of x. *)
Lemma monotone_sign (f g : R -> R) : (forall x, is_derive f x (g x)) -> (forall x, 0 <= g x) -> f 0 = 0 ->
  forall x, (0 <= x -> 0 <= f x) /\ (x <= 0 -> f x <= 0).
Proof.
intros Hd Hg H0 x.
destruct (MVT_gen f 0 x g) as [c [_ Hc]].
- intros y _; apply Hd.
- intros y _; apply continuity_pt_filterlim, @ex_derive_continuous; now exists (g y).
- rewrite H0, Rminus_0_r in Hc; specialize (Hg c); split; intros; rewrite Hc; rewrite Rminus_0_r; nra.
Qed.

Lemma erf_series x n : exists theta, 0 <= theta <= 1 /\
  RInt (fun t => exp (- t ^ 2)) 0 x = exp (- (x * x)) * S_ n x + theta * T n x.
Proof.
set (G := fun x => RInt (fun t => exp (- t ^ 2)) 0 x).
assert (T0 : forall n, T n 0 = 0) by (induction n0; simpl; [trivial|rewrite IHn0; ring]).
assert (S0 : forall n, S_ n 0 = 0) by (induction n0; simpl; [trivial|rewrite IHn0, T0; ring]).
assert (G0 : G 0 = 0) by apply @RInt_point.
set (E := fun x => G x - exp (- x ^ 2) * S_ n x).
assert (dE : forall x, is_derive E x (exp (- x ^ 2) * U n x)).
{ intros y; replace (exp (- y ^ 2) * U n y) with (exp (- y ^ 2) - exp (- y ^ 2) * (1 - U n y)) by ring.
  apply @is_derive_minus; [apply is_derive_gauss_int|apply derive_S]. }
assert (dF : forall x, is_derive (fun x => T n x - E x) x (U n x - exp (- x ^ 2) * U n x)).
{ intros y; apply @is_derive_minus; [apply derive_T|apply dE]. }
assert (g1 : forall y, 0 <= exp (- y ^ 2) <= 1).
{ intros y; split; [left; apply exp_pos|].
  rewrite <- exp_0; destruct (Req_dec y 0) as [-> | Hy]; [right; f_equal; simpl; ring|].
  left; apply exp_increasing; nra. }
destruct (monotone_sign E _ dE) with (x := x) as [P1 P2].
{ intros y; apply Rmult_le_pos; [apply g1|apply U_pos]. }
{ unfold E; rewrite G0, S0; ring. }
destruct (monotone_sign (fun x => T n x - E x) _ dF) with (x := x) as [Q1 Q2].
{ intros y; generalize (g1 y) (U_pos n y); nra. }
{ unfold E; rewrite G0, S0, T0; ring. }
fold (G x); replace (x * x) with (x ^ 2) by ring.
assert (H : E x = G x - exp (- x ^ 2) * S_ n x) by trivial.
destruct (Req_dec (T n x) 0) as [Z | Z].
- exists 0; split; [lra|].
  assert (E x = 0) by (destruct (Rle_lt_dec 0 x); [specialize (P1 r); specialize (Q1 r)|
    assert (r' : x <= 0) by lra; specialize (P2 r'); specialize (Q2 r')]; lra).
  rewrite Z; lra.
- exists (E x / T n x); split.
  + destruct (Rle_lt_dec 0 x) as [r | r].
    * specialize (P1 r); specialize (Q1 r); assert (0 < T n x) by lra.
      split; [apply Rmult_le_pos; trivial; left; now apply Rinv_0_lt_compat|].
      apply Rmult_le_reg_r with (T n x); trivial; unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra.
    * assert (r' : x <= 0) by lra; specialize (P2 r'); specialize (Q2 r'); assert (0 < - T n x) by lra.
      replace (E x / T n x) with (- E x / - T n x) by (field; lra).
      split; [apply Rmult_le_pos; [lra|left; now apply Rinv_0_lt_compat]|].
      apply Rmult_le_reg_r with (- T n x); trivial; unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra.
  + replace (E x / T n x * T n x) with (E x) by (field; trivial); lra.
Qed.

Definition unit_interval := I.join (iZ 0) (iZ 1).

Lemma In_join_between i a b x : In_ i a -> In_ i b -> a <= x <= b -> In_ i x.
Proof.
unfold In_; destruct (I.convert i) as [|l u]; simpl; trivial.
destruct l, u; simpl; lra.
Qed.

Lemma unit_ok x : 0 <= x <= 1 -> In_ unit_interval x.
Proof.
apply In_join_between; apply I.join_correct; [left|right]; apply I.fromZ_correct.
Qed.

Definition igauss (i : I.type) := imul (imul (iZ 2) (iinv (I.sqrt p (I.pi p)))) (I.exp p (I.neg (imul i i))).

Lemma igauss_ok i x : In_ i x -> In_ (igauss i) (2 * / sqrt PI * exp (- (x * x))).
Proof.
intros H; apply imul_ok.
- apply imul_ok; [apply iZ_ok|apply iinv_ok, isqrt_ok, I.pi_correct].
- apply iexp_ok, ineg_ok; now apply imul_ok.
Qed.

Definition ierf (i : I.type) : I.type :=
  let '(s, t) := iser terms 1 i (imul (iZ 2) (imul i i)) (iZ 0) in
  imul (imul (iZ 2) (iinv (I.sqrt p (I.pi p))))
       (iadd (imul (I.exp p (I.neg (imul i i))) s) (imul unit_interval t)).

Lemma ierf_ok i x : In_ i x -> In_ (ierf i) (erf x).
Proof.
intros H; unfold ierf, erf, Rdiv.
destruct (erf_series x terms) as [theta [Ht ->]].
assert (K : In_ (imul (iZ 2) (imul i i)) (2 * (x * x))).
{ apply imul_ok; [apply iZ_ok|now apply imul_ok]. }
generalize (iser_ok terms 1 _ _ _ _ _ _ H K (iZ_ok 0)); rewrite rser_spec.
destruct iser as [s t]; simpl; intros [H1 H2].
apply imul_ok.
- apply imul_ok; [apply iZ_ok|apply iinv_ok, isqrt_ok, I.pi_correct].
- apply iadd_ok.
  + apply imul_ok; [apply iexp_ok, ineg_ok; now apply imul_ok|exact H1].
  + apply imul_ok; [now apply unit_ok|exact H2].
Qed.

(** LambertW: a guess by Newton's method, proved to lie within a small distance. *)
Fixpoint newton (n : nat) (w x : I.type) : I.type :=
  match n with
  | O => w | S n => let e := I.exp p w in
      let step := imul (iadd (imul w e) (I.neg x)) (iinv (imul e (iadd (iZ 1) w))) in
      newton n (I.singleton (I.midpoint (iadd w (I.neg step)))) x
  end.

Definition near (w e i : I.type) : I.type :=
  let l := iadd w (I.neg e) in let h := iadd w e in
  if positive (iadd l (iZ 1)) && positive (iadd h (iZ 1)) &&
     positive (iadd i (I.neg (imul l (I.exp p l)))) && positive (iadd (imul h (I.exp p h)) (I.neg i))
  then I.join l h else I.nai.

Lemma near_ok w e i c t x : In_ w c -> In_ e t -> In_ i x -> In_ (near w e i) (LambertW x).
Proof.
intros Hw He H; unfold near; set (l := iadd w (I.neg e)); set (h := iadd w e).
assert (Hl : In_ l (c + - t)) by (apply iadd_ok; trivial; now apply ineg_ok).
assert (Hh : In_ h (c + t)) by (now apply iadd_ok).
clearbody l h; destruct (_ && _) eqn:K; [|apply nan_any; now rewrite I.nai_correct].
rewrite !andb_true_iff in K; destruct K as [[[P1 P2] P3] P4].
apply positive_ok with (x := c + - t + 1) in P1; [|apply iadd_ok; trivial; apply iZ_ok].
apply positive_ok with (x := c + t + 1) in P2; [|apply iadd_ok; trivial; apply iZ_ok].
apply positive_ok with (x := x + - ((c + - t) * exp (c + - t))) in P3;
  [|apply iadd_ok; trivial; apply ineg_ok, imul_ok; trivial; now apply iexp_ok].
apply positive_ok with (x := (c + t) * exp (c + t) + - x) in P4;
  [|apply iadd_ok; [apply imul_ok; trivial; now apply iexp_ok|now apply ineg_ok]].
apply In_join_between with (a := c + - t) (b := c + t).
- apply I.join_correct; left; exact Hl.
- apply I.join_correct; right; exact Hh.
- generalize (lambert_between (c + - t) x (c + t)); lra.
Qed.

Definition point (i : I.type) : I.type := I.singleton (I.midpoint i).

Definition ilambert (i : I.type) : I.type :=
  near (point (newton 16 (point (I.ln p (iadd (iZ 1) (point i)))) (point i))) (iinv (iZ (2 ^ (Zpos prec - 8)))) i.

Arguments ilambert : simpl never.

Lemma ilambert_ok i x : In_ i x -> In_ (ilambert i) (LambertW x).
Proof. intros H; exact (near_ok _ _ _ _ _ _ (I.singleton_correct _) (iinv_ok _ _ (iZ_ok _)) H). Qed.

Definition idom (f : fn) (i : I.type) : bool :=
  match f with
  | Inv => nonzero i | Ln | Sqrt => positive i | Lambert => positive (iadd (I.exp p (iZ (- 1))) i) | _ => true end.

Lemma idom_ok f i x : In_ i x -> idom f i = true -> dom1 f x.
Proof.
destruct f; simpl; trivial; [apply nonzero_ok|apply positive_ok|apply positive_ok|].
intros H; apply positive_ok, iadd_ok; trivial; apply iexp_ok, iZ_ok.
Qed.

Definition ijet1 (f : fn) (a : I.type) : I.type * I.type * I.type :=
  match f with
  | Inv => let i := iinv a in let j := imul i i in (i, I.neg j, imul (iZ 2) (imul j i))
  | Exp => let e := I.exp p a in (e, e, e)
  | Ln => let i := iinv a in (I.ln p a, i, I.neg (imul i i))
  | Sqrt => let r := I.sqrt p a in let h := iinv (imul (iZ 2) r) in
            (r, h, I.neg (imul h (iinv (imul (iZ 2) a))))
  | Sin => let s := I.sin p a in (s, I.cos p a, I.neg s)
  | Cos => let c := I.cos p a in (c, I.neg (I.sin p a), I.neg c)
  | Atan => let i := iinv (iadd (iZ 1) (imul a a)) in
            (I.atan p a, i, I.neg (imul (imul (iZ 2) a) (imul i i)))
  | Tanh => let t := itanh a in let u := isech2 a in (t, u, I.neg (imul (imul (iZ 2) t) u))
  | Erf => let g := igauss a in (ierf a, g, I.neg (imul (imul (iZ 2) a) g))
  | Lambert => let w := ilambert a in let e := I.exp p w in let i := iinv (imul e (iadd (iZ 1) w)) in
               (w, i, I.neg (imul (imul (iadd (iZ 2) w) e) (imul (imul i i) i)))
  | Power n => (ipow a n, imul (iZ (Z.of_nat n)) (ipow a (pred n)),
                imul (iZ (Z.of_nat n)) (imul (iZ (Z.of_nat (pred n))) (ipow a (pred (pred n)))))
  end.

Lemma ijet1_ok f i x : In_ i x -> In3 (ijet1 f i) (jet1 f x).
Proof.
intros H; destruct f; unfold In3; simpl;
  repeat match goal with
  | |- _ /\ _ => split
  | |- In_ _ (INR _) => rewrite INR_IZR_INZ
  | |- In_ (iZ _) _ => apply iZ_ok
  | |- In_ (itanh _) _ => apply itanh_ok
  | |- In_ (isech2 _) _ => apply isech2_ok
  | |- In_ (igauss _) _ => apply igauss_ok
  | |- In_ (ierf _) _ => apply ierf_ok
  | |- In_ (ilambert _) _ => apply ilambert_ok
  | |- In_ (ipow _ _) _ => apply ipow_ok
  | |- In_ (imul _ _) _ => apply imul_ok
  | |- In_ (iadd _ _) _ => apply iadd_ok
  | |- In_ (iinv _) _ => apply iinv_ok
  | |- In_ (I.neg _) _ => apply ineg_ok
  | |- In_ (I.exp _ _) _ => apply iexp_ok
  | |- In_ (I.ln _ _) _ => apply iln_ok
  | |- In_ (I.sqrt _ _) _ => apply isqrt_ok
  | |- In_ (I.sin _ _) _ => apply isin_ok
  | |- In_ (I.cos _ _) _ => apply icos_ok
  | |- In_ (I.atan _ _) _ => apply iatan_ok
  | |- _ => exact H
  end.
Qed.

Fixpoint ijet (e : expr) (z : I.type) : option (I.type * I.type * I.type) :=
  match e with
  | X => Some (z, iZ 1, iZ 0) | Int n => Some (iZ n, iZ 0, iZ 0) | Pi => Some (I.pi p, iZ 0, iZ 0)
  | Neg e => match ijet e z with Some (a, b, c) => Some (I.neg a, I.neg b, I.neg c) | None => None end
  | Add e f => match ijet e z, ijet f z with
               | Some (a, b, c), Some (p, q, r) => Some (iadd a p, iadd b q, iadd c r) | _, _ => None end
  | Mul e f => match ijet e z, ijet f z with
               | Some (a, b, c), Some (p, q, r) =>
                   Some (imul a p, iadd (imul b p) (imul a q),
                         iadd (iadd (imul c p) (imul (iZ 2) (imul b q))) (imul a r)) | _, _ => None end
  | App f e => match ijet e z with
               | Some (a, b, c) => if idom f a then
                   let '(p, q, r) := ijet1 f a in Some (p, imul q b, iadd (imul r (imul b b)) (imul q c)) else None
               | None => None end
  end.

Ltac split3 := unfold In3 in *; simpl in *; repeat match goal with H : _ /\ _ |- _ => destruct H | |- _ /\ _ => split end;
  repeat first [assumption | apply iZ_ok | apply ineg_ok | apply iadd_ok | apply imul_ok].

Lemma ijet_ok e i x j : In_ i x -> ijet e i = Some j -> defined e x /\ In3 j (rjet e x).
Proof.
intros Hi; revert j; induction e; simpl; intros j E.
- injection E as <-; split; trivial; split3.
- injection E as <-; split; trivial; split3.
- injection E as <-; split; trivial; split3; apply I.pi_correct.
- destruct (ijet e i) as [[[a b] c]|]; try discriminate; injection E as <-.
  destruct (IHe _ eq_refl) as [H1 H2]; split; trivial; destruct (rjet e x) as [[a' b'] c']; split3.
- destruct (ijet e1 i) as [[[a b] c]|]; try discriminate; destruct (ijet e2 i) as [[[q r] s]|]; try discriminate.
  injection E as <-; destruct (IHe1 _ eq_refl) as [H1 H2], (IHe2 _ eq_refl) as [H3 H4]; split; [tauto|].
  destruct (rjet e1 x) as [[a' b'] c'], (rjet e2 x) as [[q' r'] s']; split3.
- destruct (ijet e1 i) as [[[a b] c]|]; try discriminate; destruct (ijet e2 i) as [[[q r] s]|]; try discriminate.
  injection E as <-; destruct (IHe1 _ eq_refl) as [H1 H2], (IHe2 _ eq_refl) as [H3 H4]; split; [tauto|].
  destruct (rjet e1 x) as [[a' b'] c'], (rjet e2 x) as [[q' r'] s']; split3.
- destruct (ijet e i) as [[[a b] c]|]; try discriminate.
  destruct (idom f a) eqn:D; try discriminate.
  destruct (IHe _ eq_refl) as [H1 H2]; generalize (rjet_value e x).
  destruct (rjet e x) as [[a' b'] c']; simpl; intros <-.
  assert (Ha : In_ a a') by (unfold In3 in H2; tauto).
  generalize (ijet1_ok f _ _ Ha); destruct (ijet1 f a) as [[q r] s]; injection E as <-.
  destruct (jet1 f a') as [[q' r'] s']; intros H3; split; [|split3].
  split; trivial; now apply idom_ok with a.
Qed.

(** The piece on which a point lies. *)
Fixpoint branch (ps : pieces) (z : I.type) : option expr :=
  match ps with
  | Last e => Some e
  | Below b e r => match ijet b (iZ 0) with
                   | Some (v, _, _) => match sgn (iadd z (I.neg v)) with
                                       | Xlt => Some e | Xgt => branch r z | _ => None end
                   | None => None end
  end.

Definition pijet (ps : pieces) (z : I.type) := match branch ps z with Some e => ijet e z | None => None end.

Lemma pijet_ok ps i x j : In_ i x -> pijet ps i = Some j -> pdefined ps x /\ In3 j (pjet ps x).
Proof.
intros Hi; unfold pijet; induction ps as [e | b e r IH]; simpl.
- now apply ijet_ok.
- destruct (ijet b (iZ 0)) as [[[v b1] b2]|] eqn:E; [|discriminate].
  assert (Hv : In_ v (eval b 0)).
  { generalize (ijet_ok b _ _ _ (iZ_ok 0) E) (rjet_value b 0); destruct (rjet b 0) as [[a' b'] c'].
    unfold In3; simpl; intros H <-; tauto. }
  assert (Hd : In_ (iadd i (I.neg v)) (x - eval b 0)) by (apply iadd_ok; [trivial|now apply ineg_ok]).
  generalize (sgn_neg _ _ Hd) (sgn_pos _ _ Hd); destruct (sgn (iadd i (I.neg v))); intros N P H; try discriminate.
  + specialize (N eq_refl); destruct (ijet_ok e _ _ _ Hi H) as [H1 H2].
    destruct Rlt_dec; [|lra]; split; trivial; left; split; [lra|trivial].
  + specialize (P eq_refl); destruct (IH H) as [H1 H2].
    destruct Rlt_dec; [lra|]; split; trivial; right; split; [lra|trivial].
Qed.

(** * 6. Elimination: a matrix that is in an interval matrix has no kernel *)

Definition InRow := Forall2 In_.

(** The first row whose leading entry is not 0, and the other rows. *)
Fixpoint pivot (rows : list (list I.type)) : option (I.type * list I.type * list (list I.type)) :=
  match rows with
  | (a :: r) :: rest => if nonzero a then Some (a, r, rest) else
      match pivot rest with Some (b, t, others) => Some (b, t, (a :: r) :: others) | None => None end
  | _ => None
  end.

Fixpoint subtract (q : I.type) (r t : list I.type) : list I.type :=
  match r, t with x :: r, y :: t => iadd x (I.neg (imul q y)) :: subtract q r t | _, _ => [] end.

Definition reduce (a : I.type) (t : list I.type) (row : list I.type) : list I.type :=
  match row with x :: r => subtract (imul x (iinv a)) r t | [] => [] end.

Fixpoint no_kernel (n : nat) (rows : list (list I.type)) : bool :=
  match n with
  | O => true
  | S n => match pivot rows with Some (a, t, others) => no_kernel n (map (reduce a t) others) | None => false end
  end.

Definition kernel (c : list R) (M : list (list R)) : Prop := Forall (fun r => dot c r = 0) M.

Lemma pivot_ok rows : forall M a t others, Forall2 InRow rows M -> pivot rows = Some (a, t, others) ->
  exists x r rest, In_ a x /\ x <> 0 /\ InRow t r /\ Forall2 InRow others rest /\
  forall c, kernel c M -> dot c (x :: r) = 0 /\ kernel c rest.
Proof.
induction rows as [|row rows IH]; simpl; intros M a t others HM E; [discriminate|].
destruct row as [|b r]; [discriminate|].
inversion HM as [|? m ? M' Hm HM' Eq1 Eq2]; subst; inversion Hm as [|? x ? xs Hx Hxs]; subst.
destruct (nonzero b) eqn:Nz.
- injection E as <- <- <-; exists x, xs, M'; repeat split; trivial.
  + now apply nonzero_ok with b.
  + now inversion H.
  + now inversion H.
- destruct (pivot rows) as [[[b' t'] o']|] eqn:P; [|discriminate]; injection E as <- <- <-.
  destruct (IH _ _ _ _ HM' eq_refl) as [y [ys [rest [H1 [H2 [H3 [H4 H5]]]]]]].
  exists y, ys, ((x :: xs) :: rest); repeat split; trivial.
  + constructor; trivial.
  + apply H5; now inversion H.
  + constructor; [now inversion H|apply H5; now inversion H].
Qed.

Lemma subtract_ok q r t q' r' t' : In_ q q' -> InRow r r' -> InRow t t' -> length r = length t ->
  exists v, InRow (subtract q r t) v /\ forall c, length c = length r -> dot c v = dot c r' - q' * dot c t'.
Proof.
intros Hq Hr; revert t t'; induction Hr as [|i x r r' Hi Hr IH]; intros t t' Ht L.
- exists []; split; [constructor|]; intros [|? ?]; simpl; [|discriminate]; intros _; destruct t'; ring.
- destruct Ht as [|j y t t' Hj Ht]; [discriminate|]; injection L as L.
  destruct (IH _ _ Ht L) as [v [Hv Hc]].
  exists ((x - q' * y) :: v); split.
  + constructor; trivial; apply iadd_ok; trivial; apply ineg_ok; now apply imul_ok.
  + intros [|c0 c]; simpl; [discriminate|]; intros E; rewrite Hc by lia; ring.
Qed.

Definition width (n : nat) (rows : list (list I.type)) : Prop := Forall (fun r => length r = n) rows.

Lemma pivot_width n rows : forall a t others, width n rows -> pivot rows = Some (a, t, others) ->
  S (length t) = n /\ width n others.
Proof.
induction rows as [|row rows IH]; simpl; intros a t others W E; [discriminate|].
destruct row as [|b r]; [discriminate|]; inversion W; subst.
destruct (nonzero b).
- injection E as <- <- <-; now split.
- destruct (pivot rows) as [[[b' t'] o']|]; [|discriminate]; injection E as <- <- <-.
  destruct (IH _ _ _ H2 eq_refl); split; trivial; now constructor.
Qed.

Lemma subtract_length q r t : length r = length t -> length (subtract q r t) = length t.
Proof. revert t; induction r; intros [|? ?]; simpl; intros; try discriminate; trivial; now rewrite IHr by lia. Qed.

Lemma no_kernel_ok n : forall rows M, width n rows -> Forall2 InRow rows M -> no_kernel n rows = true ->
  forall c, length c = n -> kernel c M -> all_zero c.
Proof.
induction n as [|n IH]; simpl; intros rows M W HM E c L K.
- destruct c; [constructor|discriminate].
- destruct (pivot rows) as [[[a t] others]|] eqn:P; [|discriminate].
  destruct (pivot_ok _ _ _ _ _ HM P) as [x [r [rest [Hx [Nx [Hr [Ho Hk]]]]]]].
  destruct (pivot_width _ _ _ _ _ W P) as [Lt Wo]; injection Lt as Lt.
  destruct c as [|c0 c]; [discriminate|]; injection L as L; destruct (Hk _ K) as [K0 K1]; simpl in K0.
  assert (R : exists M', Forall2 InRow (map (reduce a t) others) M' /\ kernel c M').
  { clear - Hx Nx Hr Ho Lt Wo L K0 K1; induction Ho as [|row m others rest Hm Ho IHo].
    - exists []; split; constructor.
    - inversion Wo as [|? ? W1 W2]; inversion K1 as [|? ? K2 K3]; subst.
      destruct (IHo W2 K3) as [M' [H1 H2]].
      destruct Hm as [|i y row m Hi Hm]; simpl in W1; [discriminate|]; injection W1 as W1; simpl in K2.
      destruct (subtract_ok (imul i (iinv a)) row t (y * / x) m r) as [v [Hv Hc]]; trivial.
      { apply imul_ok; trivial; now apply iinv_ok. }
      { congruence. }
      exists (v :: M'); split; constructor; trivial.
      rewrite Hc by congruence.
      replace (dot c m) with (- (c0 * y)) by lra; replace (dot c r) with (- (c0 * x)) by lra; field; trivial. }
  destruct R as [M' [HM' K']].
  assert (Zc : all_zero c).
  { apply (IH (map (reduce a t) others) M'); trivial.
    clear - Lt Wo; induction Wo as [|row others H Wo IHo]; simpl; constructor; trivial.
    destruct row as [|y row]; [discriminate|]; simpl in *; injection H as H; rewrite subtract_length; lia. }
  constructor; trivial.
  assert (D0 : dot c r = 0).
  { clear - Zc; revert r; induction Zc as [|y c -> Zc IHc]; intros [|? ?]; simpl; trivial; rewrite IHc; ring. }
  rewrite D0 in K0; apply Rmult_eq_reg_r with x; lra.
Qed.

(** * 7. Families of monomials z^a s^b s'^c s''^d *)

Definition monomial := (nat * nat * nat * nat)%type.

Definition rmono (v : R * (R * R * R)) (m : monomial) : R :=
  let '(z, (s, s1, s2)) := v in let '(a, b, c, d) := m in z ^ a * s ^ b * s1 ^ c * s2 ^ d.

Arguments rmono : simpl never.

Fixpoint itimes (i : I.type) (n : nat) (j : I.type) : I.type :=
  match n with O => j | S n => imul i (itimes i n j) end.

Definition imono (v : I.type * (I.type * I.type * I.type)) (m : monomial) : I.type :=
  let '(z, (s, s1, s2)) := v in let '(a, b, c, d) := m in itimes z a (itimes s b (itimes s1 c (itimes s2 d (iZ 1)))).

Arguments imono : simpl never.

Lemma itimes_ok i n j x y : In_ i x -> In_ j y -> In_ (itimes i n j) (x ^ n * y).
Proof.
intros Hi Hj; induction n; simpl; [now rewrite Rmult_1_l|].
rewrite Rmult_assoc; now apply imul_ok.
Qed.

Lemma imono_ok z j x y m : In_ z x -> In3 j y -> In_ (imono (z, j) m) (rmono (x, y) m).
Proof.
destruct j as [[s s1] s2], y as [[t t1] t2], m as [[[a b] c] d]; intros Hz [H0 [H1 H2]]; unfold rmono, imono; simpl in *.
replace (x ^ a * t ^ b * t1 ^ c * t2 ^ d) with (x ^ a * (t ^ b * (t1 ^ c * (t2 ^ d * 1)))) by ring.
repeat apply itimes_ok; trivial; apply iZ_ok.
Qed.

(** The functions of a family, of s and its derivatives. *)
Definition member (s : R -> R) (m : monomial) : R -> R :=
  fun z => rmono (z, (s z, Derive s z, Derive (Derive s) z)) m.
Definition members (s : R -> R) (ms : list monomial) : list (R -> R) := map (member s) ms.

Definition frac (n : Z) (d : BinNums.positive) := (n, d).
Definition rational (q : Z * BinNums.positive) : R := IZR (fst q) / IZR (Zpos (snd q)).
Definition irational (q : Z * BinNums.positive) : I.type := imul (iZ (fst q)) (iinv (iZ (Zpos (snd q)))).

Lemma irational_ok q : In_ (irational q) (rational q).
Proof. apply imul_ok; [apply iZ_ok|apply iinv_ok, iZ_ok]. Qed.

(** A point with the enclosures of s, s' and s'' there; the rows of a matrix are made of these. *)
Definition enclosure := (I.type * (I.type * I.type * I.type))%type.
Definition encloses (ps : pieces) (v : enclosure) (x : R) := In_ (fst v) x /\ pdefined ps x /\ In3 (snd v) (pjet ps x).

Fixpoint enclosures (ps : pieces) (points : list (Z * BinNums.positive)) : option (list enclosure) :=
  match points with
  | [] => Some []
  | q :: points => let z := irational q in
      match pijet ps z, enclosures ps points with Some j, Some vs => Some ((z, j) :: vs) | _, _ => None end
  end.

Lemma enclosures_ok ps points : forall vs, enclosures ps points = Some vs -> Forall2 (encloses ps) vs (map rational points).
Proof.
induction points as [|q points IH]; simpl; intros vs E.
- injection E as <-; constructor.
- destruct (pijet ps (irational q)) as [j|] eqn:J; [|discriminate].
  destruct (enclosures ps points) as [vs'|]; [|discriminate]; injection E as <-.
  destruct (pijet_ok _ _ _ _ (irational_ok q) J) as [Hd Hj].
  constructor; [split; [apply irational_ok|split; trivial]|now apply IH].
Qed.

Definition select {T : Type} (l : list T) (indices : list nat) : list T :=
  flat_map (fun i => match nth_error l i with Some x => [x] | None => [] end) indices.

Lemma select_ok {T T' : Type} (rel : T -> T' -> Prop) l l' indices :
  Forall2 rel l l' -> Forall2 rel (select l indices) (select l' indices).
Proof.
intros H; induction indices as [|i indices IH]; simpl; [constructor|].
apply Forall2_app; trivial; clear IH; revert i; induction H; intros [|i]; simpl; auto.
Qed.

Lemma select_forall {T : Type} (P : T -> Prop) l indices : Forall P l -> Forall P (select l indices).
Proof.
intros H; induction indices as [|i indices IH]; simpl; [constructor|].
apply Forall_app; split; trivial; clear IH; revert i; induction H; intros [|i]; simpl; auto.
Qed.

(** Families of monomials, each with the indices of the points that show it independent. *)
Definition evidence := (list monomial * list nat)%type.

Definition rows (ms : list monomial) (vs : list enclosure) : list (list I.type) := map (fun v => map (imono v) ms) vs.

Definition check (ps : pieces) (points : list (Z * BinNums.positive)) (families : list evidence) : bool :=
  match enclosures ps points with
  | Some vs => forallb (fun f => no_kernel (length (fst f)) (rows (fst f) (select vs (snd f)))) families
  | None => false end.

Lemma rows_ok ps ms vs xs : Forall2 (encloses ps) vs xs ->
  width (length ms) (rows ms vs) /\ Forall2 InRow (rows ms vs) (map (fun x => at_point x (members (peval ps) ms)) xs).
Proof.
intros H; induction H as [|v x vs xs [Hx [Hd Hj]] H [IH1 IH2]]; simpl; split; constructor; trivial.
- now rewrite length_map.
- assert (K := pjet_correct _ _ Hd); destruct (pjet ps x) as [[a b] c] eqn:EJ.
  apply jet_derive in K; destruct K as [K0 [K1 [K2 _]]]; destruct v as [z j]; simpl in *.
  unfold at_point, members; rewrite map_map; unfold member.
  clear - Hx Hj K0 K1 K2; induction ms as [|m ms IH]; simpl; constructor; trivial.
  rewrite K0, K1, K2; now apply imono_ok.
Qed.

Definition family_independent D ps (f : evidence) := independent D (members (peval ps) (fst f)).

Theorem check_ok D ps points families : Forall D (map rational points) -> check ps points families = true ->
  Forall (family_independent D ps) families.
Proof.
unfold check; intros HD; destruct (enclosures ps points) as [vs|] eqn:E; [|discriminate]; intros H.
rewrite forallb_forall in H; apply Forall_forall; intros f Hf c L Hc.
assert (HV := select_ok _ _ _ (snd f) (enclosures_ok _ _ _ E)).
destruct (rows_ok ps (fst f) _ _ HV) as [Wd HM].
apply (no_kernel_ok _ _ _ Wd HM (H f Hf)); [now rewrite L; unfold members; rewrite length_map|].
apply Forall_map; generalize (select_forall _ _ (snd f) HD); apply Forall_impl; exact Hc.
Qed.

End Intervals.

(** * 8. From families of monomials to the statements *)

Lemma at_point_ext z fs gs : Forall2 (fun f g => f z = g z) fs gs -> at_point z fs = at_point z gs.
Proof. intros H; induction H; simpl; trivial; unfold at_point in *; simpl; congruence. Qed.

Lemma independent_ext D fs gs : Forall2 (fun f g => forall z, f z = g z) fs gs -> independent D fs -> independent D gs.
Proof.
intros E H c L Hc; apply H.
- rewrite L; clear - E; induction E; simpl; congruence.
- intros z Hz; rewrite <- (Hc z Hz); f_equal; apply at_point_ext.
  clear - E; induction E; constructor; auto.
Qed.

(** The families, in monomials; A and P without their last member, which depends on tau, and with it in two parts. *)
Definition mF1 : list monomial := [(0,0,0,0); (0,1,0,0); (1,0,1,0)]%nat.
Definition mA : list monomial := [(0,0,0,0); (0,1,0,0); (0,2,0,0); (1,0,1,0); (1,1,1,0)]%nat.
Definition mB : list monomial := [(0,0,0,0); (0,1,0,0); (1,0,0,0); (1,1,0,0); (1,0,1,0); (2,0,1,0)]%nat.
Definition mC : list monomial := [(0,0,0,0); (0,1,0,0); (1,0,0,0); (2,0,0,0); (1,0,1,0)]%nat.
Definition mP : list monomial := [(0,0,0,0); (0,1,0,0); (1,0,1,0)]%nat.
Definition mQ : list monomial := [(0,0,0,0); (1,0,0,0); (1,0,1,0)]%nat.
Definition mW : list monomial := [(1,0,0,0); (1,0,1,0)]%nat.
Definition parts : list monomial := [(2,0,0,1); (2,0,2,0)]%nat.
Definition square : list monomial := [(2,0,0,0)]%nat.
Definition one : list monomial := [(0,0,0,0)]%nat.

Definition same (fs gs : list (R -> R)) : Prop := Forall2 (fun f g => forall z, f z = g z) fs gs.
Ltac same := unfold same, members; simpl; repeat constructor; intros z; unfold member, rmono; simpl; ring.

Lemma members_F1 s : same (members s mF1) (F1 s).
Proof. same. Qed.
Lemma members_B s : same (members s mB) (B s).
Proof. same. Qed.
Lemma members_C s : same (members s mC) (C s).
Proof. same. Qed.
Lemma members_Q s : same (members s mQ) (Q s).
Proof. same. Qed.
Lemma members_W s : same (members s mW) (W s).
Proof. same. Qed.

(** A7 with one relation r, and without its member j independent. *)
Fixpoint omit {T : Type} (j : nat) (l : list T) : list T :=
  match l, j with [], _ => [] | _ :: l, O => l | x :: l, S j => x :: omit j l end.

Fixpoint axpy (a : R) (r c : list R) : list R :=
  match r, c with x :: r, y :: c => (y + a * x) :: axpy a r c | _, _ => [] end.

Lemma dot_axpy a r c v : length r = length c -> dot (axpy a r c) v = dot c v + a * dot r v.
Proof.
revert c v; induction r as [|x r IH]; intros [|y c] v; simpl; intros L; try discriminate; [ring|].
destruct v as [|t v]; [ring|]; rewrite IH by lia; ring.
Qed.

Lemma dot_nil c : dot c [] = 0.
Proof. now destruct c. Qed.

Lemma dot_omit j c v : nth j c 0 = 0 -> dot (omit j c) (omit j v) = dot c v.
Proof.
revert c v; induction j as [|j IH]; intros [|y c] [|t v]; simpl; intros H; rewrite ?dot_nil; trivial.
- rewrite H; ring.
- now rewrite IH.
Qed.

Lemma zero_omit j c : nth j c 0 = 0 -> all_zero (omit j c) -> all_zero c.
Proof.
revert c; induction j as [|j IH]; intros [|y c]; simpl; intros H G; trivial.
- constructor; trivial.
- inversion G; subst; constructor; trivial; now apply IH.
Qed.

Lemma length_omit {T T' : Type} j (l : list T) (l' : list T') : length l = length l' -> length (omit j l) = length (omit j l').
Proof. revert l l'; induction j; intros [|? ?] [|? ?]; simpl; intros; try discriminate; trivial; auto. Qed.

Lemma at_point_omit z j fs : at_point z (omit j fs) = omit j (at_point z fs).
Proof. revert j; induction fs; intros [|j]; simpl; trivial; unfold at_point in *; simpl; now rewrite IHfs. Qed.

Lemma nth_axpy a r c j : length r = length c -> nth j (axpy a r c) 0 = nth j c 0 + a * nth j r 0.
Proof.
revert c j; induction r as [|x r IH]; intros [|y c] [|j]; simpl; intros L; try discriminate; try ring; apply IH; lia.
Qed.

Lemma length_axpy a r c : length r = length c -> length (axpy a r c) = length c.
Proof. revert c; induction r; intros [|? ?]; simpl; intros; try discriminate; trivial; now rewrite IHr by lia. Qed.

(** The relations of a family with one relation are its multiples. *)
Lemma one_relation D fs r j : length r = length fs -> nth j r 0 <> 0 ->
  (forall z, D z -> dot r (at_point z fs) = 0) -> independent D (omit j fs) ->
  forall c, length c = length fs -> (forall z, D z -> dot c (at_point z fs) = 0) ->
  exists a, all_zero (axpy (- a) r c).
Proof.
intros Lr Hj Hr H c Lc Hc; exists (nth j c 0 / nth j r 0).
set (w := axpy (- (nth j c 0 / nth j r 0)) r c).
assert (L : length r = length c) by congruence.
assert (N : nth j w 0 = 0) by (unfold w; rewrite nth_axpy by trivial; field; trivial).
apply zero_omit with j; trivial; apply H.
- apply length_omit; unfold w; now rewrite length_axpy.
- intros z Hz; rewrite at_point_omit, dot_omit by trivial; unfold w.
  rewrite dot_axpy by trivial; rewrite (Hc z Hz), (Hr z Hz); ring.
Qed.

(** Relations: s' and s'' in a relation are those of [pjet]. *)
Lemma relation_of_jets D ps c ms : (forall z, D z -> pdefined ps z) ->
  (forall z, D z -> dot c (map (rmono (z, pjet ps z)) ms) = 0) ->
  forall z, D z -> dot c (at_point z (members (peval ps) ms)) = 0.
Proof.
intros Hd H z Hz; rewrite <- (H z Hz); f_equal.
assert (J := pjet_correct _ _ (Hd z Hz)); unfold at_point, members; rewrite map_map.
destruct (pjet ps z) as [[a b] e]; apply jet_derive in J; destruct J as [J0 [J1 [J2 _]]].
apply map_ext; intros m; unfold member; now rewrite J0, J1, J2.
Qed.

Lemma dependent_by D c fs gs : same fs gs -> length c = length fs -> ~ all_zero c ->
  (forall z, D z -> dot c (at_point z fs) = 0) -> dependent D gs.
Proof.
intros E L N H; exists c; split; [|split; trivial].
- rewrite L; clear - E; induction E; simpl; congruence.
- intros z Hz; rewrite <- (H z Hz); f_equal; symmetry; apply at_point_ext; clear - E; induction E; constructor; auto.
Qed.

Lemma dot_app c d v w : length c = length v -> dot (c ++ d) (v ++ w) = dot c v + dot d w.
Proof. revert v; induction c; intros [|? ?]; simpl; intros L; try discriminate; [ring|]; rewrite IHc by lia; ring. Qed.

Lemma dot_scale a c v : dot (map (Rmult a) c) v = a * dot c v.
Proof. revert v; induction c; intros [|? ?]; simpl; try ring; rewrite IHc; ring. Qed.

Lemma all_zero_app c d : all_zero (c ++ d) <-> all_zero c /\ all_zero d.
Proof. apply Forall_app. Qed.

Lemma all_zero_1 x : all_zero [x] <-> x = 0.
Proof. unfold all_zero; rewrite Forall_cons_iff; intuition. Qed.

Lemma last_of {T : Type} (c : list T) n : length c = S n -> exists d x, c = d ++ [x] /\ length d = n.
Proof.
intros L; destruct (exists_last (l := c)) as [d [x E]]; [intros ->; discriminate|].
exists d, x; split; trivial; subst c; rewrite length_app in L; simpl in L; lia.
Qed.

(** A family whose last member is z^2 (s'' + s'^2/tau): its relations are those of the family with z^2 s'' and z^2 s'^2
    apart whose two last coefficients have the ratio tau. *)
Section At_a_temperature.
Variables (D : R -> Prop) (s : R -> R) (ms : list monomial).
Definition bend tau := fun z => z ^ 2 * (Derive (Derive s) z + Derive s z ^ 2 / tau).
Definition at_tau tau := members s ms ++ [bend tau].
Definition apart := members s (ms ++ parts).

Lemma apart_relation tau c p q z : tau <> 0 -> length c = length ms -> p = tau * q ->
  dot (c ++ [p; q]) (at_point z apart) = dot (c ++ [p]) (at_point z (at_tau tau)).
Proof.
intros Ht L E; unfold apart, at_tau, members, at_point; rewrite !map_app.
rewrite !dot_app by (now rewrite !length_map); f_equal.
unfold bend, member, rmono; simpl; subst p; field; trivial.
Qed.

Lemma apart_of_tau tau c : tau <> 0 -> length c = length (at_tau tau) ->
  (forall z, D z -> dot c (at_point z (at_tau tau)) = 0) ->
  exists d p, c = d ++ [p] /\ length d = length ms /\ forall z, D z -> dot (d ++ [p; p / tau]) (at_point z apart) = 0.
Proof.
intros Ht L H; unfold at_tau, members in L; rewrite length_app, length_map in L; simpl in L.
destruct (last_of c (length ms)) as [d [p [-> Ld]]]; [lia|].
exists d, p; split; [trivial|split; [trivial|]]; intros z Hz.
rewrite apart_relation with (tau := tau) by (trivial; field; trivial); now apply H.
Qed.

Lemma length_apart (d : list R) (p q : R) : length d = length ms -> length (d ++ [p; q]) = length apart.
Proof. intros L; unfold apart, members; rewrite length_map, !length_app, L; trivial. Qed.

Lemma independent_at_tau : independent D apart -> forall tau, 0 < tau -> independent D (at_tau tau).
Proof.
intros H tau Ht c L Hc; assert (T0 : tau <> 0) by lra.
destruct (apart_of_tau tau c T0 L Hc) as [d [p [-> [Ld Hd]]]].
generalize (H _ (length_apart _ _ _ Ld) Hd); rewrite !all_zero_app.
change [p; p / tau] with ([p] ++ [p / tau]); rewrite all_zero_app; tauto.
Qed.

(** One relation, and none without member j. *)
Lemma independent_but_at r p q j : length r = length ms -> nth j (r ++ [p; q]) 0 <> 0 ->
  (forall z, D z -> dot (r ++ [p; q]) (at_point z apart) = 0) -> independent D (omit j apart) ->
  forall tau, 0 < tau -> p <> tau * q -> independent D (at_tau tau).
Proof.
intros Lr Hj Hr H tau Ht Hne c L Hc; assert (T0 : tau <> 0) by lra.
destruct (apart_of_tau tau c T0 L Hc) as [d [x [-> [Ld Hd]]]].
destruct (one_relation D apart _ j (length_apart _ _ _ Lr) Hj Hr H _ (length_apart _ _ _ Ld) Hd) as [a Ha].
assert (E : forall u v : list R, length u = length v -> forall w w', axpy (- a) (u ++ w) (v ++ w') = axpy (- a) u v ++ axpy (- a) w w').
{ clear; induction u; intros [|? ?]; simpl; intros; try discriminate; trivial; rewrite IHu by lia; trivial. }
rewrite E in Ha by congruence; simpl in Ha; rewrite all_zero_app in Ha; destruct Ha as [Z1 Z2].
unfold all_zero in Z2; rewrite !Forall_cons_iff in Z2; destruct Z2 as [Z2 [Z3 _]].
assert (Ex : x = a * p) by lra; assert (Eq : x = tau * (a * q)) by
  (replace (a * q) with (x / tau) by lra; field; trivial).
assert (Z : a * (p - tau * q) = 0) by lra.
apply Rmult_integral in Z; destruct Z as [Z | Z]; [|exfalso; apply Hne; lra].
rewrite all_zero_app, all_zero_1; split; [|subst; lra].
subst a; clear - Z1 Lr Ld; assert (L : length r = length d) by congruence; clear Lr Ld.
revert d L Z1; induction r as [|y r IH]; intros [|t d]; simpl; intros L Z1; try discriminate; [constructor|].
unfold all_zero in *; rewrite Forall_cons_iff in *; destruct Z1; split; [lra|apply IH; [lia|trivial]].
Qed.

Lemma dependent_at r p q : length r = length ms -> ~ all_zero (r ++ [p]) ->
  (forall z, D z -> dot (r ++ [p; q]) (at_point z apart) = 0) ->
  forall tau, 0 < tau -> p = tau * q -> dependent D (at_tau tau).
Proof.
intros Lr N Hr tau Ht E; exists (r ++ [p]); split; [|split; trivial].
- unfold at_tau, members; rewrite !length_app, length_map, Lr; trivial.
- intros z Hz; rewrite <- apart_relation with (tau := tau) (q := q) by (trivial; lra); now apply Hr.
Qed.

(** Two relations: one of them at every temperature. *)
Lemma dependent_by_two r p q t u v : length r = length ms -> length t = length ms -> p * v <> u * q ->
  (forall z, D z -> dot (r ++ [p; q]) (at_point z apart) = 0) ->
  (forall z, D z -> dot (t ++ [u; v]) (at_point z apart) = 0) ->
  forall tau, 0 < tau -> dependent D (at_tau tau).
Proof.
intros Lr Lt N Hr Ht tau Pt; set (a := u - tau * v); set (b := tau * q - p).
set (w := axpy b t (map (Rmult a) r)).
assert (Lw : length w = length ms) by (unfold w; rewrite length_axpy; rewrite length_map; congruence).
apply (dependent_at w (a * p + b * u) (a * q + b * v)); trivial.
- rewrite all_zero_app, all_zero_1; intros [_ K]; apply N.
  assert (Z : tau * (u * q - p * v) = 0) by (unfold a, b in K; lra).
  apply Rmult_integral in Z; destruct Z; lra.
- intros z Hz; specialize (Hr z Hz); specialize (Ht z Hz).
  unfold apart, members, at_point in *; rewrite !map_app in *.
  rewrite !dot_app in Hr, Ht |- * by (now rewrite !length_map).
  revert Hr Ht; generalize (map (fun f => f z) (map (member s) ms)) (map (fun f => f z) (map (member s) parts)).
  intros x y Hr Ht.
  assert (Ex : dot w x = a * dot r x + b * dot t x) by
    (unfold w; rewrite dot_axpy by (rewrite length_map; congruence); now rewrite dot_scale).
  assert (Ey : dot [a * p + b * u; a * q + b * v] y = a * dot [p; q] y + b * dot [u; v] y)
    by (destruct y as [|? [|? ?]]; simpl; ring).
  rewrite Ex, Ey; transitivity (a * (dot r x + dot [p; q] y) + b * (dot t x + dot [u; v] y)); [ring|].
  rewrite Hr, Ht; ring.
- unfold a, b; ring.
Qed.
End At_a_temperature.

Lemma members_A s tau : same (at_tau s mA tau) (A s tau).
Proof. unfold same, at_tau, members; simpl; repeat constructor; intros z; unfold member, rmono, bend; simpl; ring. Qed.
Lemma members_P s tau : same (at_tau s mP tau) (P s tau).
Proof. unfold same, at_tau, members; simpl; repeat constructor; intros z; unfold member, rmono, bend; simpl; ring. Qed.

(** A member that is not in the span of the others: every relation of all leaves it out. *)
Lemma outside_by D fs t : independent D (fs ++ [t]) -> ~ in_span D t fs.
Proof.
intros H [c [L Hc]].
assert (Z : all_zero (c ++ [-1])).
{ apply H; [now rewrite !length_app, L|]; intros z Hz; unfold at_point; rewrite map_app.
  rewrite dot_app by (now rewrite length_map); simpl; rewrite (Hc z Hz); unfold at_point; ring. }
rewrite all_zero_app, all_zero_1 in Z; lra.
Qed.

Lemma outside_but D fs t r j : length r = length fs -> nth j (r ++ [0]) 0 <> 0 ->
  (forall z, D z -> dot (r ++ [0]) (at_point z (fs ++ [t])) = 0) -> independent D (omit j (fs ++ [t])) -> ~ in_span D t fs.
Proof.
intros Lr Hj Hr H [c [L Hc]].
assert (LL : forall d : list R, length d = length fs -> forall x, length (d ++ [x]) = length (fs ++ [t])).
{ intros d Ld x; now rewrite !length_app, Ld. }
destruct (one_relation D (fs ++ [t]) _ j (LL r Lr 0) Hj Hr H (c ++ [-1]) (LL c L _)) as [a Ha].
- intros z Hz; unfold at_point; rewrite map_app, dot_app by (now rewrite length_map).
  simpl; rewrite (Hc z Hz); unfold at_point; ring.
- assert (K := nth_axpy (- a) (r ++ [0]) (c ++ [-1]) (length r) (eq_trans (LL r Lr 0) (eq_sym (LL c L _)))).
  rewrite (app_nth2 r [0]), Nat.sub_diag in K by lia; rewrite Lr, <- L in K.
  rewrite (app_nth2 c [-1]), Nat.sub_diag in K by lia; simpl in K.
  unfold all_zero in Ha; rewrite Forall_forall in Ha.
  assert (Z := Ha (nth (length c) (axpy (- a) (r ++ [0]) (c ++ [-1])) 0)); rewrite Z in K; [lra|]; apply nth_In.
  rewrite length_axpy; rewrite !length_app, ?Lr, L; simpl; lia.
Qed.

Lemma inside_by D fs t r q : length r = length fs -> q <> 0 ->
  (forall z, D z -> dot (r ++ [q]) (at_point z (fs ++ [t])) = 0) -> in_span D t fs.
Proof.
intros L N H; exists (map (fun x => - x / q) r); split; [now rewrite length_map|]; intros z Hz.
specialize (H z Hz); unfold at_point in *; rewrite map_app, dot_app in H by (now rewrite length_map).
assert (E : dot (map (fun x => - x / q) r) (map (fun f => f z) fs) = - dot r (map (fun f => f z) fs) / q).
{ generalize (map (fun f => f z) fs); clear - N; induction r as [|x r IH]; intros [|y l]; simpl; try (field; trivial).
  rewrite IH; field; trivial. }
rewrite E; simpl in H; apply Rmult_eq_reg_r with q; trivial.
replace (dot r (map (fun f => f z) fs)) with (- (q * t z)) by lra; field; trivial.
Qed.

Lemma in_span_ext D t u fs gs : same (fs ++ [t]) (gs ++ [u]) -> in_span D t fs -> in_span D u gs.
Proof.
intros E [c [L H]]; apply Forall2_app_inv_l in E; destruct E as [hs [us [E1 [E2 E3]]]].
inversion E2 as [|? u' ? us' Eu E4]; subst; inversion E4; subst.
apply app_inj_tail in E3; destruct E3 as [-> ->].
exists c; split; [rewrite L; clear - E1; induction E1; simpl; congruence|]; intros z Hz.
rewrite <- (Eu z), (H z Hz); f_equal; apply at_point_ext; clear - E1; induction E1; constructor; auto.
Qed.

Lemma same_sym fs gs : same fs gs -> same gs fs.
Proof. intros H; induction H; constructor; auto. Qed.

Lemma target_Q s : same (members s (mQ ++ square)) (Q s ++ [fun z => z ^ 2]).
Proof. same. Qed.
Lemma target_W s : same (members s (mW ++ one)) (W s ++ [fun z => 1]).
Proof. same. Qed.

(** asin and acos are written out in the generated files. *)
Lemma asin_written_out z : -1 < z < 1 -> asin z = atan (z / sqrt (1 - z ^ 2)).
Proof. intros H; rewrite asin_atan by trivial; now rewrite <- Rsqr_pow2. Qed.
Lemma acos_written_out z : -1 < z < 1 -> acos z = PI / 2 - atan (z / sqrt (1 - z ^ 2)).
Proof. intros H; rewrite acos_asin by lra; now rewrite asin_written_out. Qed.

(** * 9. What the generated files use *)

Lemma pick {T : Type} {P : T -> Prop} {l : list T} (n : nat) : Forall P l -> forall x, nth_error l n = Some x -> P x.
Proof. intros H x E; rewrite Forall_forall in H; apply H; now apply nth_error_In with n. Qed.

Lemma omit_members s j ms : members s (omit j ms) = omit j (members s ms).
Proof. revert j; induction ms; intros [|j]; simpl; trivial; now rewrite IHms. Qed.

Section Generated.
Variables (D : R -> Prop) (ps : pieces).
Notation s := (peval ps).
Notation relation c ms := (forall z, D z -> dot c (map (rmono (z, pjet ps z)) ms) = 0).
Hypothesis defined_on : forall z, D z -> pdefined ps z.

Lemma independent_at_all ms (F : R -> list (R -> R)) : (forall tau, same (at_tau s ms tau) (F tau)) ->
  independent D (members s (ms ++ parts)) -> forall tau, 0 < tau -> independent D (F tau).
Proof. intros E H tau Ht; apply (independent_ext D _ _ (E tau)); now apply independent_at_tau. Qed.

Lemma independent_at_others ms (F : R -> list (R -> R)) r p q j : (forall tau, same (at_tau s ms tau) (F tau)) ->
  relation (r ++ [p; q]) (ms ++ parts) -> length r = length ms -> nth j (r ++ [p; q]) 0 <> 0 ->
  independent D (members s (omit j (ms ++ parts))) ->
  forall tau, 0 < tau -> p <> tau * q -> independent D (F tau).
Proof.
intros E Hr L Hj H tau Ht N; apply (independent_ext D _ _ (E tau)).
apply (independent_but_at D s ms r p q j); trivial; [now apply relation_of_jets|].
unfold apart; now rewrite <- omit_members.
Qed.

Lemma dependent_at_one ms (F : R -> list (R -> R)) r p q : (forall tau, same (at_tau s ms tau) (F tau)) ->
  relation (r ++ [p; q]) (ms ++ parts) -> length r = length ms -> ~ all_zero (r ++ [p]) ->
  forall tau, 0 < tau -> p = tau * q -> dependent D (F tau).
Proof.
intros E Hr L N tau Ht K.
destruct (dependent_at D s ms r p q L N (relation_of_jets D ps _ _ defined_on Hr) tau Ht K) as [c [Lc [Nc Hc]]].
now apply (dependent_by D c _ _ (E tau)).
Qed.

Lemma dependent_at_all ms (F : R -> list (R -> R)) r p q t u v : (forall tau, same (at_tau s ms tau) (F tau)) ->
  relation (r ++ [p; q]) (ms ++ parts) -> relation (t ++ [u; v]) (ms ++ parts) ->
  length r = length ms -> length t = length ms -> p * v <> u * q -> forall tau, 0 < tau -> dependent D (F tau).
Proof.
intros E Hr Ht Lr Lt N tau Pt.
destruct (dependent_by_two D s ms r p q t u v Lr Lt N (relation_of_jets D ps _ _ defined_on Hr)
  (relation_of_jets D ps _ _ defined_on Ht) tau Pt) as [c [Lc [Nc Hc]]].
now apply (dependent_by D c _ _ (E tau)).
Qed.

Lemma dependent_jets ms fs c : same (members s ms) fs -> relation c ms -> length c = length ms -> ~ all_zero c ->
  dependent D fs.
Proof.
intros E H L N; apply (dependent_by D c _ _ E); [unfold members; now rewrite length_map|trivial|now apply relation_of_jets].
Qed.

Lemma outside ms m fs t : same (members s (ms ++ [m])) (fs ++ [t]) ->
  independent D (members s (ms ++ [m])) -> ~ in_span D t fs.
Proof. intros E H; apply outside_by; now apply (independent_ext D _ _ E). Qed.

Lemma outside_with_relation ms m fs t r j : same (members s (ms ++ [m])) (fs ++ [t]) ->
  relation (r ++ [0]) (ms ++ [m]) -> length r = length ms -> nth j (r ++ [0]) 0 <> 0 ->
  independent D (members s (omit j (ms ++ [m]))) -> ~ in_span D t fs.
Proof.
intros E Hr L Hj H K; apply (in_span_ext D _ (member s m) _ (members s ms)) in K.
- revert K; apply (outside_but D _ _ r j); trivial.
  + unfold members; now rewrite length_map.
  + generalize (relation_of_jets D ps _ _ defined_on Hr); unfold members; rewrite map_app; trivial.
  + generalize H; rewrite omit_members; unfold members; rewrite map_app; trivial.
- generalize (same_sym _ _ E); unfold members; rewrite map_app; trivial.
Qed.

Lemma inside ms m fs t r q : same (members s (ms ++ [m])) (fs ++ [t]) ->
  relation (r ++ [q]) (ms ++ [m]) -> length r = length ms -> q <> 0 -> in_span D t fs.
Proof.
intros E Hr L N; apply (in_span_ext D (member s m) t (members s ms)).
- generalize E; unfold members; rewrite map_app; trivial.
- apply (inside_by D _ _ r q); trivial; [unfold members; now rewrite length_map|].
  generalize (relation_of_jets D ps _ _ defined_on Hr); unfold members; rewrite map_app; trivial.
Qed.
End Generated.

(** * 10. Tactics of the generated files *)

Lemma ln_pos x : 1 < x -> 0 < ln x.
Proof. intros H; rewrite <- ln_1; apply ln_increasing; lra. Qed.

Lemma asinh_pos x : 0 < x + sqrt (x ^ 2 + 1).
Proof.
assert (H : sqrt (x ^ 2) < sqrt (x ^ 2 + 1)) by (apply sqrt_lt_1_alt; split; [apply pow2_ge_0|lra]).
replace (x ^ 2) with (Rsqr x) in H at 1 by (unfold Rsqr; ring); rewrite sqrt_Rsqr_abs in H.
generalize (Rle_abs (- x)); rewrite Rabs_Ropp; lra.
Qed.

Ltac pos :=
  match goal with
  | |- True => exact Logic.I
  | H : ?G |- ?G => exact H
  | |- _ /\ _ => split; pos
  | |- _ <> 0 => apply Rgt_not_eq; unfold Rgt; pos
  | |- 0 < exp _ => apply exp_pos
  | |- 0 < PI => exact PI_RGT_0
  | |- 0 < sqrt _ => apply sqrt_lt_R0; pos
  | |- 0 < ln _ => apply ln_pos; apply Rlt_0_minus; pos
  | |- 0 < / _ => apply Rinv_0_lt_compat; pos
  | |- 0 < ?x + sqrt (?x ^ 2 + 1) => apply asinh_pos
  | |- 0 < _ => lra
  | |- 0 < _ * _ => apply Rmult_lt_0_compat; pos
  | |- 0 < _ + _ => first [apply Rplus_lt_0_compat; pos | apply Rplus_lt_le_0_compat; pos | apply Rplus_le_lt_0_compat; pos]
  | |- 0 < _ ^ _ => apply pow_lt; pos
  | |- 0 <= _ ^ 2 => apply pow2_ge_0
  | |- 0 <= _ => apply Rlt_le; pos
  | |- _ => nra
  end.

(** Signs of numbers, by the intervals of part 5. *)
Definition sign_of (e : expr) : Xcomparison := match ijet 64 80 e (iZ 64 0) with Some (v, _, _) => sgn v | None => Xund end.

Lemma sign_of_ok e v : ijet 64 80 e (iZ 64 0) = Some v -> In_ (fst (fst v)) (eval e 0).
Proof.
intros E; destruct (ijet_ok 64 80 e _ _ v (iZ_ok 64 0) E) as [_ H]; destruct v as [[v v1] v2].
generalize (rjet_value e 0); destruct (rjet e 0) as [[a b] c]; simpl; intros <-; destruct H; tauto.
Qed.

Lemma positive_number e : sign_of e = Xgt -> 0 < eval e 0.
Proof.
unfold sign_of; generalize (sign_of_ok e); destruct (ijet 64 80 e (iZ 64 0)) as [[[v v1] v2]|]; [|discriminate].
intros H; exact (sgn_pos v _ (H _ eq_refl)).
Qed.

Lemma negative_number e : sign_of e = Xlt -> eval e 0 < 0.
Proof.
unfold sign_of; generalize (sign_of_ok e); destruct (ijet 64 80 e (iZ 64 0)) as [[[v v1] v2]|]; [|discriminate].
intros H; exact (sgn_neg v _ (H _ eq_refl)).
Qed.

Lemma less_number e f : sign_of (Add f (Neg e)) = Xgt -> eval e 0 < eval f 0.
Proof. intros H; generalize (positive_number _ H); simpl; lra. Qed.

Ltac number t :=
  match t with
  | IZR ?n => constr:(Int n) | PI => constr:(Pi)
  | - ?a => let e := number a in constr:(Neg e)
  | ?a + ?b => let e := number a in let f := number b in constr:(Add e f)
  | ?a - ?b => let e := number a in let f := number b in constr:(Add e (Neg f))
  | ?a * ?b => let e := number a in let f := number b in constr:(Mul e f)
  | ?a / ?b => let e := number a in let f := number b in constr:(Mul e (App Inv f))
  | / ?a => let e := number a in constr:(App Inv e)
  | ?a ^ ?n => let e := number a in constr:(App (Power n) e)
  | exp ?a => let e := number a in constr:(App Exp e) | ln ?a => let e := number a in constr:(App Ln e)
  | sqrt ?a => let e := number a in constr:(App Sqrt e) | sin ?a => let e := number a in constr:(App Sin e)
  | cos ?a => let e := number a in constr:(App Cos e) | atan ?a => let e := number a in constr:(App Atan e)
  | tanh ?a => let e := number a in constr:(App Tanh e) | erf ?a => let e := number a in constr:(App Erf e)
  | tan ?a => let e := number a in constr:(Mul (App Sin e) (App Inv (App Cos e)))
  | sinh ?a => number ((exp a - exp (- a)) / 2) | cosh ?a => number ((exp a + exp (- a)) / 2)
  | arcsinh ?a => number (ln (a + sqrt (a ^ 2 + 1)))
  end.

Ltac by_value :=
  match goal with
  | |- ?a <> 0 => first [apply Rgt_not_eq; by_value | apply Rlt_not_eq; by_value]
  | |- ?a > ?b => change (b < a); by_value
  | |- ?a < ?b => let e := number a in let f := number b in
      change (eval e 0 < eval f 0); apply less_number; vm_compute; reflexivity
  end.

(** Bounds of pieces, also where they are no fractions. *)
Ltac below := first [assumption | lra | match goal with
  | K : ?c < ?z |- ?b < ?z => apply Rlt_trans with c; [by_value | exact K]
  | K : ?z < ?c |- ?z < ?b => apply Rlt_trans with c; [exact K | by_value] end].

(** The sign of a bound of z, where an interval tells it. *)
Ltac sign_of_bound c :=
  lazymatch goal with
  | _ : 0 < c |- _ => fail
  | _ : c < 0 |- _ => fail
  | _ => first [assert (0 < c) by by_value | assert (c < 0) by by_value]
  end.

(** The hypothesis z in D, one piece at a time, with the signs of its ends. *)
Ltac each_piece H := match type of H with ?D _ => unfold D in H end; repeat match goal with
  | K : _ \/ _ |- _ => destruct K as [K | K] | K : _ /\ _ |- _ => destruct K end;
  repeat match goal with
  | _ : ?c < ?z |- _ => is_var z; sign_of_bound c
  | _ : ?z < ?c |- _ => is_var z; sign_of_bound c end.

Ltac in_piece :=
  match goal with
  | |- (?x < ?b /\ _) \/ (_ < ?x /\ _) => first [left; split; [below|] | right; split; [below|in_piece]]
  | |- _ => idtac
  end.

(** forall z, D z -> pdefined ps z *)
Ltac solve_defined :=
  let z := fresh "z" in let H := fresh "H" in intros z H; each_piece H;
  match goal with |- pdefined ?c _ => unfold c end; cbn [pdefined defined dom1 eval fun1]; in_piece; pos.

(** D q for a number q; never [constructor], which tries all disjunctions. *)
Ltac in_domain := unfold frac, rational; cbn [fst snd];
  first [exact Logic.I | match goal with |- _ /\ _ => split; in_domain end
             | lra | by_value | left; in_domain | right; in_domain].
Ltac solve_point := match goal with |- ?D _ => unfold D end; in_domain.
(** forall z, In z ends -> ~ D z, for ends of pieces *)
Ltac solve_left_out := let z := fresh "z" in let K := fresh "K" in let H := fresh "H" in
  intros z K H; cbn [In] in K; each_piece H; try contradiction;
  first [lra | match goal with
    | E : ?a = ?z, L : ?b < ?z |- _ => rewrite <- E in L; exact (Rlt_asym a b ltac:(by_value) L)
    | E : ?a = ?z, L : ?z < ?b |- _ => rewrite <- E in L; exact (Rlt_asym a b L ltac:(by_value)) end].
Ltac solve_points := match goal with |- context [map rational ?l] => unfold l end;
  cbn [map]; repeat (apply Forall_cons; [solve_point|]); apply Forall_nil.

(** [vm_compute; reflexivity] would compute twice, now and at Qed; this computes at Qed only. *)
Ltac solve_check := vm_cast_no_check (eq_refl true).

Lemma exp_multiple n x : exp (IZR (Zpos n) * x) = exp x ^ Pos.to_nat n.
Proof. rewrite <- positive_nat_Z, <- INR_IZR_INZ, Rmult_comm, <- Rpower_pow by (apply exp_pos); unfold Rpower; now rewrite ln_exp, Rmult_comm. Qed.

Lemma sin_square x : sin x * sin x = 1 - cos x * cos x.
Proof. generalize (sin2_cos2 x); unfold Rsqr; lra. Qed.

Lemma tanh_exp x : tanh x = 1 - 2 / (exp x ^ 2 + 1).
Proof.
unfold tanh, sinh, cosh; rewrite exp_Ropp; generalize (exp_pos x); intros; field; repeat split; nra.
Qed.

(** One exponential, one sine and cosine, of every argument. *)
Ltac simplify_functions :=
  repeat (rewrite ?tanh_exp, ?ln_exp, ?exp_plus, ?exp_Ropp, ?exp_multiple, ?sin_2a, ?cos_2a, ?sin_plus, ?cos_plus,
    ?sin_minus, ?cos_minus, ?sin_neg, ?cos_neg, ?sin_0, ?cos_0, ?exp_0, ?ln_1;
    unfold Rminus in |- *; rewrite ?exp_plus, ?sin_plus, ?cos_plus);
  change (Pos.to_nat 2) with 2%nat; change (Pos.to_nat 3) with 3%nat; change (Pos.to_nat 4) with 4%nat;
  cbn [pow].

(** An equation between fractions, with what is known of square roots, sines and LambertW. *)
Ltac by_field :=
  match goal with
  | |- context [sqrt ?a] => match goal with E : sqrt a * sqrt a = a |- _ => fail 1 | _ =>
      let E := fresh in assert (E : sqrt a * sqrt a = a) by (apply sqrt_sqrt; pos);
      assert (0 < sqrt a) by pos; by_field end
  | |- context [LambertW ?a] => match goal with E : LambertW a * exp (LambertW a) = a |- _ => fail 1 | _ =>
      let E := fresh in let K := fresh in destruct (lambert_spec a) as [K E]; [pos|];
      assert (0 < 1 + LambertW a) by lra; by_field end
  | |- context [sin ?a] => match goal with E : sin a * sin a = _ |- _ => fail 1 | _ =>
      let E := fresh in assert (E := sin_square a); by_field end
  | E : _ * _ = _, E' : _ * _ = _ |- _ => first [field [E E']; pos | field_simplify_eq [E E']; [ring [E E'] | pos] | field_simplify_eq; [ring [E E'] | pos]]
  | E : _ * _ = _ |- _ => first [field [E]; pos | field_simplify_eq; [ring [E] | pos]]
  | |- _ => field; pos
  end.

(** forall z, D z -> dot c (map (rmono (z, pjet ps z)) ms) = 0 *)
Ltac solve_relation :=
  let z := fresh "z" in let H := fresh "H" in intros z H; each_piece H;
  match goal with |- context [pjet ?c] => unfold c end; cbn [pjet eval fun1];
  repeat match goal with |- context [Rlt_dec ?a ?b] => destruct (Rlt_dec a b) end;
  unfold rmono; cbn [rjet jet1 app map mF1 mA mB mC mP mQ mW parts square one dot pow INR pred];
  first [ring | by_field | simplify_functions; first [ring | by_field] | exfalso; below; lra |
    match goal with K : ~ (?z < ?b) |- _ => exfalso; apply K; below end |
    match goal with K : ?z < ?b |- _ => exfalso; apply (Rlt_asym _ _ K); below end].

Ltac solve_nonzero := let H := fresh in intros H; unfold all_zero in H; cbn [app] in H;
  repeat match goal with K : Forall _ (_ :: _) |- _ => inversion K; clear K; subst end; lra.

Lemma other_temperature p q t tau : q <> 0 -> p = t * q -> tau <> t -> p <> tau * q.
Proof. intros Hq E H K; apply H, Rmult_eq_reg_r with q; congruence. Qed.

Ltac equal_numbers := first [lra | by_field].

(** Equations and inequalities of the coefficients of a relation, and of an exceptional temperature. *)
Ltac solve_numbers := cbn [app nth];
  first [lra | by_value | intros K; lra | apply Rgt_not_eq; by_value | apply Rlt_not_eq; by_value | equal_numbers
    | match goal with H : ?tau <> ?t |- ?p <> ?tau * ?q =>
        apply (other_temperature p q t tau); [by_value | equal_numbers | exact H] end].
