(** Bent statements about sums of powers that are false. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Profiles.
Open Scope R_scope.

(** Without the factor 1/(1-beta): two terms at beta = 1/2, 1 + 2^(-1/2) against 2^(1/2). *)
Theorem ours_power_sum_constant_false :
  ~ (forall beta t, 0 < beta < 1 ->
     Rpower (INR (S t)) (1 - beta) <= sum (fun n => Rpower (INR (S n)) (- beta)) (S t) <= Rpower (INR (S t)) (1 - beta)).
Proof.
  intros bent. destruct (bent (1 / 2) 1%nat ltac:(lra)) as [_ U]. simpl in U. rewrite Rpower_1_l in U.
  replace (1 - 1 / 2) with (1 + - (1 / 2)) in U by lra. rewrite Rpower_plus, Rpower_1 in U by lra.
  assert (Rpower (1 + 1) (- (1 / 2)) < 1).
  { apply Rlt_le_trans with (Rpower (1 + 1) 0); [apply Rpower_lt; lra | rewrite Rpower_O; lra]. }
  lra.
Qed.

(** A profile of which the constant shrinks: at time 0 the profile is the tail itself. *)
Theorem lem_K_20_ideal_constant_false :
  ~ (forall beta low high L g r, lem_K_20_ideal_hypotheses beta low high L g r ->
     forall t, (t <= L)%nat ->
     exp (- (1 / 4)) * low * Rpower (INR (S t)) (1 - beta) <= r t <= high * (1 - beta) * Rpower (INR (S t)) (1 - beta)).
Proof.
  intros bent. set (g := fun t => Rpower (INR (S t)) (- (1 / 2))).
  destruct (bent (1 / 2) 1 1 0%nat g g) with (t := 0%nat) as [_ U].
  - unfold lem_K_20_ideal_hypotheses. split; [lra|]. split; [lra|]. split; [intros; unfold g; lra|]. split; [easy | intros; lia].
  - lia.
  - unfold g in U. simpl in U. rewrite !Rpower_1_l in U. lra.
Qed.
