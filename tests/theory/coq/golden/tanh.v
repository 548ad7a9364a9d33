(* Checked by: for f in Temperance Mixtures Twins Scores THIS_FILE; do coqc -Q . Temperance $f.v; done
   Written by temperance. What `first_order`, `second_order` and the sharp conditions say: part 1 of Temperance.v; what
   tau_learnable, tau_lost and singular say of two atoms, d = 1: part 1 of Scores.v. *)
From Coquelicot Require Import Coquelicot.
From Coq Require Import Reals List Lra.
From Temperance Require Import Temperance.
From Temperance Require Scores.
Import ListNotations.
Open Scope R_scope.

Module tanh.
(* s(z) = tanh(z) *)
Definition s (z : R) : R := tanh z.
Definition D (z : R) : Prop := True.

Definition code : pieces := Last (App Tanh X).
Lemma code_is_s : peval code = s. Proof. reflexivity. Qed.
Lemma code_defined : forall z, D z -> pdefined code z. Proof. solve_defined. Qed.
Lemma s_smooth : smooth D s.
Proof. apply (smooth_pieces D code (rational (frac 0 1)));
  [solve_point|exact code_defined]. Qed.

Definition points := [frac 0 1; frac 6 7; frac 25 2; frac (-6) 7; frac (-25) 2; frac 13 8; frac (-13) 8; frac 7 2; frac (-7) 2].
Definition families : list evidence := [(mF1, [0; 1; 2]%nat); ((mA ++ parts), [0; 1; 3; 2; 4; 5; 6]%nat); (mB, [0; 1; 3; 2; 4; 7]%nat); (mC, [0; 1; 4; 2; 8]%nat); ((mP ++ parts), [0; 1; 3; 2; 5]%nat); ((mQ ++ square), [0; 1; 4; 2]%nat); ((mW ++ one), [0; 1; 2]%nat)].
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
Lemma A_independent : forall tau, 0 < tau -> independent D (A s tau).
Proof. exact (independent_at_all D code mA _ (members_A _) (pick 1 families_independent _ eq_refl)). Qed.
Lemma B_independent : independent D (B s).
Proof. exact (independent_ext D _ _ (members_B _) (pick 2 families_independent _ eq_refl)). Qed.
Lemma C_independent : independent D (C s).
Proof. exact (independent_ext D _ _ (members_C _) (pick 3 families_independent _ eq_refl)). Qed.
Theorem second_order_for_s : second_order D s.
Proof. exact (fun tau Ht => conj s_smooth (conj (A_independent tau Ht) (conj B_independent C_independent))). Qed.

(* tau_beta1 holds *)
Lemma P_independent : forall tau, 0 < tau -> independent D (P s tau).
Proof. exact (independent_at_all D code mP _ (members_P _) (pick 4 families_independent _ eq_refl)). Qed.
Theorem sharp_i_for_s : sharp_i D s.
Proof. exact (fun tau Ht => conj s_smooth (P_independent tau Ht)). Qed.

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

Definition everything := (first_order_for_s, tau_learnable_for_s, second_order_for_s, sharp_i_for_s, sharp_ii_for_s, sharp_iii_for_s).
End tanh.

Definition everything := (tanh.everything).
Print Assumptions everything.
