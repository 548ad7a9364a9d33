(* Checked by: for f in Temperance Mixtures Twins Scores THIS_FILE; do coqc -Q . Temperance $f.v; done
   Written by temperance. What `first_order`, `second_order` and the sharp conditions say: part 1 of Temperance.v; what
   tau_learnable, tau_lost and singular say of two atoms, d = 1: part 1 of Scores.v. *)
From Coquelicot Require Import Coquelicot.
From Coq Require Import Reals List Lra.
From Temperance Require Import Temperance.
From Temperance Require Scores.
Import ListNotations.
Open Scope R_scope.

Module log1p_square.
(* s(z) = log(z**2 + 1) *)
Definition s (z : R) : R := ln (z ^ 2 + 1).
Definition D (z : R) : Prop := True.

Definition code : pieces := Last (App Ln (Add (App (Power 2) X) (Int 1))).
Lemma code_is_s : peval code = s. Proof. reflexivity. Qed.
Lemma code_defined : forall z, D z -> pdefined code z. Proof. solve_defined. Qed.
Lemma s_smooth : smooth D s.
Proof. apply (smooth_pieces D code (rational (frac 0 1)));
  [solve_point|exact code_defined]. Qed.

Definition points := [frac 0 1; frac 25 2; frac 17 7; frac 6 7; frac 36 7; frac 13 8; frac (-25) 2; frac (-7) 2; frac (-6) 7; frac 7 2].
Definition families : list evidence := [(mF1, [0; 1; 2]%nat); (omit 6 (mA ++ parts), [0; 1; 2; 3; 4; 5]%nat); (mB, [0; 1; 6; 2; 7; 8]%nat); (mC, [0; 1; 6; 4; 5]%nat); (omit 4 (mP ++ parts), [0; 1; 2; 3]%nat); ((mQ ++ square), [0; 1; 6; 9]%nat); ((mW ++ one), [0; 1; 6]%nat)].
Lemma families_independent : Forall (family_independent D code) families.
Proof. apply (check_ok 64 0 D code points);
  [solve_points|solve_check]. Qed.

(* first_order holds *)
Lemma F1_independent : independent D (F1 s).
Proof. exact (independent_ext D _ _ (members_F1 _) (pick 0 families_independent _ eq_refl)). Qed.
Theorem first_order_for_s : first_order D s.
Proof. exact (conj s_smooth F1_independent). Qed.

Theorem tau_learnable_for_s : Scores.tau_learnable D s.
Proof. apply Scores.learnable_by; [Scores.solve_open | exact first_order_for_s]. Qed.

(* second_order holds *)
Lemma A_relation_0 : forall z, D z ->
  dot ([0; 0; 0; - 1; 0] ++ [1; 1]) (map (rmono (z, pjet code z)) (mA ++ parts)) = 0.
Proof. solve_relation. Qed.
Lemma A_independent : forall tau, 0 < tau -> tau <> 1 -> independent D (A s tau).
Proof. intros tau Ht Hne.
apply (independent_at_others D code code_defined mA _ [0; 0; 0; - 1; 0] 1 1 6 (members_A _) A_relation_0);
  [reflexivity|solve_numbers|exact (pick 1 families_independent _ eq_refl)|exact Ht|solve_numbers]. Qed.
Lemma A_dependent_there : dependent D (A s 1).
Proof. apply (dependent_at_one D code code_defined mA _ [0; 0; 0; - 1; 0] 1 1 (members_A _) A_relation_0);
  [reflexivity|solve_nonzero|solve_numbers|solve_numbers]. Qed.
Lemma B_independent : independent D (B s).
Proof. exact (independent_ext D _ _ (members_B _) (pick 2 families_independent _ eq_refl)). Qed.
Lemma C_independent : independent D (C s).
Proof. exact (independent_ext D _ _ (members_C _) (pick 3 families_independent _ eq_refl)). Qed.
Theorem second_order_for_s : forall tau, 0 < tau -> tau <> 1 -> second_order_at tau D s.
Proof. exact (fun tau Ht Hne => conj s_smooth (conj (A_independent tau Ht Hne) (conj B_independent C_independent))). Qed.
Theorem second_order_fails_there : second_order_fails_at 1 D s.
Proof. exact (conj s_smooth (or_introl A_dependent_there)). Qed.

(* tau_beta1 holds *)
Lemma P_relation_0 : forall z, D z ->
  dot ([0; 0; - 1] ++ [1; 1]) (map (rmono (z, pjet code z)) (mP ++ parts)) = 0.
Proof. solve_relation. Qed.
Lemma P_independent : forall tau, 0 < tau -> tau <> 1 -> independent D (P s tau).
Proof. intros tau Ht Hne.
apply (independent_at_others D code code_defined mP _ [0; 0; - 1] 1 1 4 (members_P _) P_relation_0);
  [reflexivity|solve_numbers|exact (pick 4 families_independent _ eq_refl)|exact Ht|solve_numbers]. Qed.
Lemma P_dependent_there : dependent D (P s 1).
Proof. apply (dependent_at_one D code code_defined mP _ [0; 0; - 1] 1 1 (members_P _) P_relation_0);
  [reflexivity|solve_nonzero|solve_numbers|solve_numbers]. Qed.
Theorem sharp_i_for_s : forall tau, 0 < tau -> tau <> 1 -> sharp_i_at tau D s.
Proof. exact (fun tau Ht Hne => conj s_smooth (P_independent tau Ht Hne)). Qed.
Theorem sharp_i_fails_there : sharp_i_fails_at 1 D s.
Proof. exact (conj s_smooth P_dependent_there). Qed.

(* a holds *)
Lemma Q_outside : ~ in_span D (fun z => z ^ 2) (Q s).
Proof. exact (outside D code mQ _ _ _ (target_Q _) (pick 5 families_independent _ eq_refl)). Qed.
Theorem sharp_ii_for_s : sharp_ii D s.
Proof. exact (conj s_smooth Q_outside). Qed.

(* b_nu holds *)
Lemma W_outside : ~ in_span D (fun z => 1) (W s).
Proof. exact (outside D code mW _ _ _ (target_W _) (pick 6 families_independent _ eq_refl)). Qed.
Theorem sharp_iii_for_s : sharp_iii D s.
Proof. exact (conj s_smooth W_outside). Qed.

Definition everything := (first_order_for_s, tau_learnable_for_s, second_order_for_s, second_order_fails_there, sharp_i_for_s, sharp_i_fails_there, sharp_ii_for_s, sharp_iii_for_s).
End log1p_square.

Definition everything := (log1p_square.everything).
Print Assumptions everything.
