(** Bent statements about GELU units that are false. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Normal Gelu.
Open Scope R_scope.

(** A third of the constant of Lemma K.3 is .13298, below the best one, .16997. *)
Theorem lem_K_3_third_false :
  ~ (forall L u, lem_K_3_hypotheses L -> Rabs (scaled_GELU L u - Rmax u 0) <= 1 / (3 * (L * sqrt (2 * PI)))).
Proof.
  intros bent. destruct (ours_K_3_best_constant_holds 1 ltac:(lra)) as [_ [u Hu]].
  assert (lem_K_3_hypotheses 1) as H by (unfold lem_K_3_hypotheses; lra).
  specialize (bent 1 u H). pose proof phi_at_top as T. pose proof (phi_le_0 (7518 / 10000)).
  assert (S : 2 <= sqrt (2 * PI)).
  { replace 2 with (sqrt (2 * 2)) at 1 by (apply sqrt_square; lra). apply sqrt_le_1_alt. pose proof PI2_1. lra. }
  assert (1 / (3 * (1 * sqrt (2 * PI))) <= 1 / 6 ).
  { apply Rmult_le_compat_l; [lra|]. apply Rinv_le_contravar; lra. }
  lra.
Qed.

(** The best constant is not below .16997. *)
Theorem ours_K_3_best_constant_smaller_false :
  ~ (forall L, 0 < L ->
     (forall u, Rabs (scaled_GELU L u - Rmax u 0) <= 16996 / 100000 / L)
     /\ exists u, 16997 / 100000 / L <= Rabs (scaled_GELU L u - Rmax u 0)).
Proof.
  intros bent. destruct (bent 1 ltac:(lra)) as [U [u Hu]]. specialize (U u). lra.
Qed.
