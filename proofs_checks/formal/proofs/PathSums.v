(** The path sum of Theorem 31, one block at a time. *)

From Coq Require Import Reals Lra Lia PeanoNat List.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors.
Open Scope R_scope.

Definition total (G : nat -> nat -> nat -> R) (t tau : nat) (l : list (R * list nat)) : R :=
  fold_right (fun c s => fst c * jumps G (snd c) t tau + s) 0 l.

Lemma total_app G t tau l l' : total G t tau (l ++ l') = total G t tau l + total G t tau l'.
Proof. induction l as [|c l IH]; simpl; [lra|]. unfold total in *. rewrite IH; lra. Qed.

Lemma total_stay G t tau a l : total G t tau (map (fun c => (a * fst c, snd c)) l) = a * total G t tau l.
Proof. induction l as [|c l IH]; simpl; [lra|]. unfold total in *. rewrite IH; lra. Qed.

Lemma total_jump G t tau m l :
  total G t tau (map (fun c => (fst c, m :: snd c)) l) = sum (fun i => G m t i * total G i tau l) t.
Proof.
  induction l as [|c l IH]; simpl; [symmetry; apply sum_all_zero; intros; ring|].
  unfold total in *. rewrite IH, <- sum_scal, <- sum_plus. apply sum_ext. intros; simpl; ring.
Qed.

Lemma path_sum_total d G N t tau : path_sum d G N t tau = total G t tau (layer_choices d N).
Proof. easy. Qed.

(** The new block stays, or jumps to t from some i < t. *)
Lemma path_sum_S d G N t tau :
  path_sum d G (S N) t tau = d N * path_sum d G N t tau + sum (fun i => G N t i * path_sum d G N i tau) t.
Proof.
  rewrite path_sum_total. cbn [layer_choices]. rewrite total_app, total_stay, total_jump. easy.
Qed.

Lemma path_sum_0 d G t tau : path_sum d G 0 t tau = if Nat.eqb t tau then 1 else 0.
Proof. unfold path_sum; simpl. destruct (Nat.eqb t tau); lra. Qed.

(** Before the source there is nothing; at the source every block stays. *)
Lemma path_sum_before d G N t tau : (t < tau)%nat -> path_sum d G N t tau = 0.
Proof.
  revert t. induction N as [|N IH]; intros t Ht.
  - rewrite path_sum_0. now destruct (Nat.eqb_spec t tau); [lia|].
  - rewrite path_sum_S, IH, sum_all_zero by (try intros; try rewrite IH; try lia; ring). ring.
Qed.

Lemma path_sum_diagonal d G N tau : path_sum d G N tau tau = prod d N.
Proof.
  induction N as [|N IH]; [now rewrite path_sum_0, Nat.eqb_refl|].
  rewrite path_sum_S, IH, sum_all_zero by (intros; rewrite path_sum_before by easy; ring). simpl; ring.
Qed.

(** So the sum over i < t of a step starts at the source. *)
Lemma path_sum_S_lag d G N tau lag :
  path_sum d G (S N) (tau + lag) tau
  = d N * path_sum d G N (tau + lag) tau + sum (fun m => G N (tau + lag)%nat (tau + m)%nat * path_sum d G N (tau + m) tau) lag.
Proof.
  rewrite path_sum_S. f_equal.
  set (f := fun i => G N (tau + lag)%nat i * path_sum d G N i tau).
  assert (E : forall n, sum f (tau + n) = sum f tau + sum (fun m => f (tau + m)%nat) n).
  { induction n as [|n IH]; [rewrite Nat.add_0_r; simpl; lra|].
    rewrite Nat.add_succ_r. simpl. rewrite IH; lra. }
  rewrite E, (sum_all_zero f tau); [apply Rplus_0_l|]. intros i Hi. unfold f. rewrite path_sum_before by easy. ring.
Qed.

Lemma path_sum_nonneg d G N t tau : (forall n, (n < N)%nat -> 0 <= d n /\ forall i, (i < t)%nat -> 0 <= G n t i) ->
  (forall n s i, (n < N)%nat -> (i < s)%nat -> (s < t)%nat -> 0 <= G n s i) -> 0 <= path_sum d G N t tau.
Proof.
  revert t. induction N as [|N IH]; intros t Hd HG.
  - rewrite path_sum_0. destruct (Nat.eqb t tau); lra.
  - rewrite path_sum_S. destruct (Hd N ltac:(lia)) as [d0 Gt].
    apply Rplus_le_le_0_compat.
    + apply Rmult_le_pos; [easy|]. apply IH; [intros; apply Hd; lia | intros; apply HG; lia].
    + apply sum_nonneg. intros i Hi. apply Rmult_le_pos; [now apply Gt|]. apply IH.
      * intros n Hn. split; [apply Hd; lia|]. intros j Hj. apply HG; lia.
      * intros n s j Hn Hj Hs. apply HG; lia.
Qed.
