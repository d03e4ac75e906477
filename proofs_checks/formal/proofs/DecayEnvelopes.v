(** Propositions 9 and 10, and the tail of the Jacobian, from their parts. *)

From Sessa Require Import Statements.
From Sessa.proofs Require Import ClosedForms StateSpace MambaJacobian AttentionJacobians JacobianTails JacobianRecursion SharpJacobian.

Theorem prop_9_holds : prop_9.
Proof. exact (conj prop_9_i_holds (conj prop_9_ii_holds prop_9_iii_holds)). Qed.

Theorem prop_10_holds : prop_10.
Proof. exact (conj prop_10_i_holds (conj cor_4_6_holds cor_B_7_holds)). Qed.

Theorem ours_jacobian_tail_holds : ours_jacobian_tail.
Proof. exact (conj ours_jacobian_tail_bound_holds ours_jacobian_recursion_holds). Qed.
