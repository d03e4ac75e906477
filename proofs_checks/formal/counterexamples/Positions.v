(** Bent statements about positions that are false. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Euclid Normal Blocks Positions.
Open Scope R_scope.

(** Gamma(t+1) in place of Gamma(t+2): the second step, at gain 1, is 1/2. *)
Theorem ours_position_step_shift_false :
  ~ (forall gamma t, position_code gamma (S t) - position_code gamma t
       = gamma * prod (fun i => (INR i + gamma) / (INR i + 1)) t).
Proof.
  intros bent. pose proof (bent 1 1%nat) as B. rewrite ours_position_step_holds in B. simpl in B. lra.
Qed.

(** Without feedback all codes are equal. *)
Theorem cor_I_8_no_feedback_false :
  ~ (forall m d gamma, (1 <= m)%nat /\ (1 <= d)%nat /\ 0 <= gamma < 1 ->
     forall omega (Norm : (nat -> R) -> nat -> R) (u : nat -> R) (lambda : R),
     let c := position_code gamma in
     (exists p, forall h t i, (i < m)%nat -> block_output m d omega Norm p h t i = h t i + lambda * c t * u i)
     /\ (forall t, c t < c (S t))
     /\ (forall T Rad, inner m u u = 1 -> 0 <= Rad -> (2 <= T)%nat -> 2 * Rad / (c (T - 1)%nat - c (T - 2)%nat) < lambda ->
         forall s t v w, (s < t < T)%nat -> norm2 m v <= Rad -> norm2 m w <= Rad ->
         inner m (fun i => v i + lambda * c s * u i) u < inner m (fun i => w i + lambda * c t * u i) u)).
Proof.
  intros bent. destruct (bent 1%nat 1%nat 0 ltac:(repeat split; lia || lra) (fun _ => 1) (fun z => z) (fun _ => 1) 1) as (_ & C & _).
  specialize (C 0%nat). pose proof (ours_position_step_holds 0 0%nat) as E. simpl in E. lra.
Qed.

(** Half the scale: at gain 1/2, the radius 1 and the scale 3 the sets of the positions 0 and 1 meet. *)
Theorem cor_I_8_half_scale_false :
  ~ (forall m d gamma, cor_I_8_hypotheses m d gamma ->
     forall omega (Norm : (nat -> R) -> nat -> R) (u : nat -> R) (lambda : R),
     let c := position_code gamma in
     (exists p, forall h t i, (i < m)%nat -> block_output m d omega Norm p h t i = h t i + lambda * c t * u i)
     /\ (forall t, c t < c (S t))
     /\ (forall T Rad, inner m u u = 1 -> 0 <= Rad -> (2 <= T)%nat -> 1 * Rad / (c (T - 1)%nat - c (T - 2)%nat) < lambda ->
         forall s t v w, (s < t < T)%nat -> norm2 m v <= Rad -> norm2 m w <= Rad ->
         inner m (fun i => v i + lambda * c s * u i) u < inner m (fun i => w i + lambda * c t * u i) u)).
Proof.
  intros bent. destruct (bent 1%nat 1%nat (1 / 2) ltac:(repeat split; lia || lra) (fun _ => 1) (fun z => z) (fun _ => 1) 3) as (_ & _ & D).
  pose proof (ours_position_step_holds (1 / 2) 0%nat) as E. simpl in E.
  assert (N : forall a, norm2 1 (fun _ => a) = Rabs a).
  { intros a. unfold norm2. simpl. rewrite <- sqrt_Rsqr_abs. f_equal. unfold Rsqr. ring. }
  specialize (D 2%nat 1). simpl Nat.sub in D.
  assert (B : inner 1 (fun i => 1 + 3 * position_code (1 / 2) 0 * 1) (fun _ => 1)
            < inner 1 (fun i => - 1 + 3 * position_code (1 / 2) 1 * 1) (fun _ => 1)).
  { apply (D ltac:(unfold inner; simpl; ring) ltac:(lra) ltac:(lia)) with (s := 0%nat) (t := 1%nat) (v := fun _ => 1) (w := fun _ => - 1).
    - replace (position_code (1 / 2) 1 - position_code (1 / 2) 0) with (1 / 2) by lra. lra.
    - lia.
    - rewrite N, Rabs_R1. lra.
    - rewrite N, Rabs_left; lra. }
  unfold inner in B. simpl in B. lra.
Qed.

(** A signal along the positions is seen by them. *)
Theorem cor_4_12_not_orthogonal_false :
  ~ (forall m G e_pos e_sig lambda,
     (forall h t i, (i < m)%nat -> G h t i = h t i + lambda t * e_pos i) /\ inner m e_sig e_pos = inner m e_sig e_pos ->
     forall h tau a t,
     (forall i, (i < m)%nat -> G (moved h a e_sig tau) t i = G h t i + (if Nat.eqb t tau then a * e_sig i else 0))
     /\ inner m (G (moved h a e_sig tau) t) e_pos = inner m (G h t) e_pos).
Proof.
  intros bent. destruct (bent 1%nat (fun h t i => h t i + 0 * 1) (fun _ => 1) (fun _ => 1) (fun _ => 0)
    ltac:(split; [easy | easy]) (fun _ _ => 0) 0%nat 1 0%nat) as [_ E].
  unfold inner, moved in E. simpl in E. lra.
Qed.
