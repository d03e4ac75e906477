(** Bent statements about floating-point arithmetic that are false. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Blocks Rounding.
Open Scope R_scope.

(** No growth with the number of tokens: numbers rounded up by an eighth, one token. *)
Theorem ours_rounding_exact_false :
  ~ (forall fl u e rho F B f T, ours_rounding_hypotheses fl u e rho F B f T ->
     forall t, (t < T)%nat -> Rabs (rounded_solution fl B f t - solution B f t)
       <= (let theta := (1 + u) ^ 0 in
           ((theta - 1) * (F / (1 - rho)) + (2 * INR T + 1) * theta * e) / (1 - rho * theta))).
Proof.
  intros bent. pose proof (bent (fun x => x * (1 + / 8)) (/ 8) 0 (1 / 2) 1 (fun _ _ => 0) (fun _ => 1) 1%nat) as B.
  assert (H : ours_rounding_hypotheses (fun x => x * (1 + / 8)) (/ 8) 0 (1 / 2) 1 (fun _ _ => 0) (fun _ => 1) 1%nat).
  { unfold ours_rounding_hypotheses. repeat split; try lra.
    - intros x. replace (x * (1 + / 8) - x) with (/ 8 * x) by ring. rewrite Rabs_mult, (Rabs_pos_eq (/ 8)) by lra. lra.
    - simpl. lra.
    - intros t Ht. replace t with 0%nat by lia. simpl. lra.
    - intros t _. rewrite Rabs_R1. lra. }
  specialize (B H 0%nat ltac:(lia)). unfold rounded_solution, solution in B. simpl in B.
  rewrite Rabs_pos_eq in B by lra. lra.
Qed.
