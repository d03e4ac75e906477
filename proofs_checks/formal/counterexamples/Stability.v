(** Bent statements on stability are false. *)

From Coq Require Import Reals Lra Lia.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Euclid Stability.
Import Sessa.Statements.Stability.
Open Scope R_scope.

(** Rows that sum to 1: the state grows without end, 1, 2, 3, ... *)
Theorem lem_4_2_one_false :
  ~ (forall r B rho F f,
       rho <= 1 /\ (forall t, sum (fun j => Rabs (B t j)) t <= rho) /\ bounded r F f ->
       exists s, solves r B f s /\ bounded r (1 / (1 - rho) * F) s /\
                 forall s', solves r B f s' -> forall t i, (i < r)%nat -> s' t i = s t i).
Proof.
  intros bent. destruct (bent 1%nat (predecessor 1) 1 1 (fun _ _ => 1)) as (s' & Hs & Hb & _).
  - split; [lra|]. split; [intros; apply row_predecessor; lra|]. intros t. rewrite norm2_one, Rabs_R1. lra.
  - (* 1 / (1 - 1) is some number c; the state at t is t + 1 *)
    assert (grows : forall t, s' t O = INR (S t)).
    { induction t as [|t IH]; rewrite (Hs _ O Nat.lt_0_1), (sum_predecessor 1 (fun j => s' j O)); [simpl; lra|].
      rewrite IH, (S_INR (S t)). lra. }
    set (c := 1 / (1 - 1) * 1) in *. destruct (archimed c) as [above _].
    set (n := Z.to_nat (Z.max 0 (up c))). assert (Hn : c < INR n).
    { unfold n. rewrite INR_IZR_INZ, Z2Nat.id by lia. eapply Rlt_le_trans; [exact above | apply IZR_le; lia]. }
    specialize (Hb n). rewrite norm2_one, grows in Hb.
    rewrite Rabs_pos_eq in Hb by apply pos_INR. rewrite S_INR in Hb. lra.
Qed.

(** One term less: two tokens. *)
Theorem ours_bounded_solve_short_false :
  ~ (forall r T B rho F f s, ours_bounded_solve_hypotheses r T B rho F f s ->
       forall t, (t < T)%nat -> norm2 r (s t) <= sum (fun k => rho ^ k) (T - 1) * F).
Proof.
  intros bent. destruct (ours_bounded_solve_attained 0 1) as (B & f & s & H & attained); [lra|].
  specialize (bent _ _ _ _ _ _ _ H 0%nat ltac:(lia)). rewrite attained in bent. simpl in bent. lra.
Qed.

(** Weights that may be negative: 2 and -1 turn the values 1 and -1 into 3. *)
Theorem lem_D_3_signed_false :
  ~ (forall r alpha M v,
       (forall t, (1 <= t)%nat -> sum (alpha t) t = 1) /\ bounded r M v ->
       bounded r M (fun t i => sum (fun j => alpha t j * v j i) t)).
Proof.
  intros bent.
  specialize (bent 1%nat (fun t j => if Nat.eqb t 2 then (match j with O => 2 | _ => -1 end) else uniform t j) 1
                (fun t _ => match t with O => 1 | _ => -1 end)).
  assert (three : 3 <= 1); [|lra].
  refine (Rle_trans _ _ _ _ (bent _ 2%nat)).
  - rewrite norm2_one. simpl. rewrite Rabs_pos_eq; lra.
  - split.
    + intros t Ht. destruct (Nat.eqb_spec t 2) as [->|_]; [simpl; lra|]. now apply uniform_weights.
    + intros t. rewrite norm2_one. destruct t; apply Rabs_le; lra.
Qed.

(** Without the bias: zero input. *)
Theorem lem_D_2_bias_false :
  ~ (forall d d' W w X x b, lem_D_2_hypotheses d d' W w X x ->
       bounded d' (w * X) (fun t c => times d (x t) W c + b c)).
Proof.
  intros bent. specialize (bent 0%nat 1%nat (fun _ _ => 0) 0 0 (fun _ _ => 0) (fun _ => 1)).
  assert (one : 1 <= 0 * 0); [|lra]. refine (Rle_trans _ _ _ _ (bent _ 0%nat)).
  - rewrite norm2_one. unfold times. simpl. rewrite Rplus_0_l, Rabs_R1. lra.
  - split; [split; [lra|]|].
    + intros v. rewrite norm2_one. unfold times. simpl. rewrite Rabs_R0. lra.
    + intros t. rewrite norm2_zero. lra.
Qed.

(** The root of the largest entry's square is needed in full: a gate of 2 doubles. *)
Theorem ours_bounded_gate_half_false :
  ~ (forall r s g G, ours_bounded_gate_hypotheses r g G -> 0 <= G -> norm2 r (fun i => s i * g i) <= G / 2 * norm2 r s).
Proof.
  intros bent. specialize (bent 1%nat (fun _ => 1) (fun _ => 2) 2).
  rewrite !norm2_one, Rmult_1_l, Rabs_R1, Rabs_pos_eq in bent by lra.
  assert (2 <= 2 / 2 * 1); [|lra]. apply bent; [|lra]. intros i _. apply Rabs_le. lra.
Qed.
