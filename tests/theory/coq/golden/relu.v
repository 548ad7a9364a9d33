(* Checked by: for f in Temperance Mixtures Twins Scores THIS_FILE; do coqc -Q . Temperance $f.v; done
   Written by temperance. What `first_order`, `second_order` and the sharp conditions say: part 1 of Temperance.v; what
   tau_learnable, tau_lost and singular say of two atoms, d = 1: part 1 of Scores.v. *)
From Coquelicot Require Import Coquelicot.
From Coq Require Import Reals List Lra.
From Temperance Require Import Temperance.
From Temperance Require Scores.
Import ListNotations.
Open Scope R_scope.

Module relu.
(* s(z) = where(z < 0, 0, z) *)
Definition s (z : R) : R := if Rlt_dec z 0 then 0 else z.
Definition D (z : R) : Prop := z < 0 \/ 0 < z.

Definition code : pieces := Below (Int 0) (Int 0) (Last X).
Lemma code_is_s : peval code = s. Proof. reflexivity. Qed.
Lemma code_defined : forall z, D z -> pdefined code z. Proof. solve_defined. Qed.
Lemma s_smooth : smooth D s.
Proof. apply (smooth_pieces D code (rational (frac (-1) 1)));
  [solve_point|exact code_defined]. Qed.

Definition points := [frac (-1) 1; frac 29 2; frac (-27) 2; frac 70 9].
Definition families : list evidence := [((mQ ++ square), [0; 1; 2; 3]%nat); ((mW ++ one), [0; 1; 2]%nat)].
Lemma families_independent : Forall (family_independent D code) families.
Proof. apply (check_ok 64 0 D code points);
  [solve_points|solve_check]. Qed.

(* first_order fails *)
Lemma F1_relation_0 : forall z, D z ->
  dot [0; - 1; 1] (map (rmono (z, pjet code z)) mF1) = 0.
Proof. solve_relation. Qed.
Lemma F1_dependent : dependent D (F1 s).
Proof. apply
  (dependent_jets D code code_defined mF1 _ [0; - 1; 1] (members_F1 _) F1_relation_0); [reflexivity|solve_nonzero]. Qed.
Theorem first_order_fails_for_s : first_order_fails D s.
Proof. exact (conj s_smooth F1_dependent). Qed.

Theorem tau_lost_for_s : Scores.tau_lost D s.
Proof. apply (Scores.lost_by D code 0 (- 1) 1 code_defined F1_relation_0); solve_numbers. Qed.

(* second_order fails *)
Lemma A_relation_0 : forall z, D z ->
  dot ([0; - 1; 0; 1; 0] ++ [0; 0]) (map (rmono (z, pjet code z)) (mA ++ parts)) = 0.
Proof. solve_relation. Qed.
Lemma A_dependent : forall tau, 0 < tau -> dependent D (A s tau).
Proof. intros tau Ht; apply
  (dependent_at_one D code code_defined mA _ [0; - 1; 0; 1; 0] 0 0 (members_A _) A_relation_0); [reflexivity|solve_nonzero|exact Ht|solve_numbers]. Qed.
Lemma B_relation_0 : forall z, D z ->
  dot [0; - 1; 0; 0; 1; 0] (map (rmono (z, pjet code z)) mB) = 0.
Proof. solve_relation. Qed.
Lemma B_dependent : dependent D (B s).
Proof. apply
  (dependent_jets D code code_defined mB _ [0; - 1; 0; 0; 1; 0] (members_B _) B_relation_0); [reflexivity|solve_nonzero]. Qed.
Lemma C_relation_0 : forall z, D z ->
  dot [0; - 1; 0; 0; 1] (map (rmono (z, pjet code z)) mC) = 0.
Proof. solve_relation. Qed.
Lemma C_dependent : dependent D (C s).
Proof. apply
  (dependent_jets D code code_defined mC _ [0; - 1; 0; 0; 1] (members_C _) C_relation_0); [reflexivity|solve_nonzero]. Qed.
Theorem second_order_fails_for_s : second_order_fails D s.
Proof. exact (fun tau Ht => conj s_smooth (or_introl (A_dependent tau Ht))). Qed.

(* tau_beta1 fails *)
Lemma P_relation_0 : forall z, D z ->
  dot ([0; - 1; 1] ++ [0; 0]) (map (rmono (z, pjet code z)) (mP ++ parts)) = 0.
Proof. solve_relation. Qed.
Lemma P_dependent : forall tau, 0 < tau -> dependent D (P s tau).
Proof. intros tau Ht; apply
  (dependent_at_one D code code_defined mP _ [0; - 1; 1] 0 0 (members_P _) P_relation_0); [reflexivity|solve_nonzero|exact Ht|solve_numbers]. Qed.
Theorem sharp_i_fails_for_s : sharp_i_fails D s.
Proof. exact (fun tau Ht => conj s_smooth (P_dependent tau Ht)). Qed.

(* a holds *)
Lemma Q_outside : ~ in_span D (fun z => z ^ 2) (Q s).
Proof. exact (outside D code mQ _ _ _ (target_Q _) (pick 0 families_independent _ eq_refl)). Qed.
Theorem sharp_ii_for_s : sharp_ii D s.
Proof. exact (conj s_smooth Q_outside). Qed.

(* b_nu holds *)
Lemma W_outside : ~ in_span D (fun z => 1) (W s).
Proof. exact (outside D code mW _ _ _ (target_W _) (pick 1 families_independent _ eq_refl)). Qed.
Theorem sharp_iii_for_s : sharp_iii D s.
Proof. exact (conj s_smooth W_outside). Qed.

Definition everything := (F1_dependent, first_order_fails_for_s, tau_lost_for_s, A_dependent, B_dependent, C_dependent, second_order_fails_for_s, P_dependent, sharp_i_fails_for_s, sharp_ii_for_s, sharp_iii_for_s).
End relu.

Definition everything := (relu.everything).
Print Assumptions everything.
