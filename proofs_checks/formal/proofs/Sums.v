(** Sums and products: what the other proofs use of them. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Sessa Require Import Statements.
Open Scope R_scope.

(** * Sums *)

Lemma sum_ext (f g : nat -> R) (n : nat) :
  (forall i, (i < n)%nat -> f i = g i) -> sum f n = sum g n.
Proof. induction n; intros H; simpl; [reflexivity|]. rewrite IHn, H by auto with arith. reflexivity. Qed.

Lemma sum_le (f g : nat -> R) (n : nat) :
  (forall i, (i < n)%nat -> f i <= g i) -> sum f n <= sum g n.
Proof.
  induction n; intros H; simpl; [lra|].
  apply Rplus_le_compat; [apply IHn; auto with arith | apply H; lia].
Qed.

Lemma sum_zero (n : nat) : sum (fun _ => 0) n = 0.
Proof. induction n; simpl; lra. Qed.

Lemma sum_nonneg (f : nat -> R) (n : nat) :
  (forall i, (i < n)%nat -> 0 <= f i) -> 0 <= sum f n.
Proof. intros H. rewrite <- (sum_zero n). now apply sum_le. Qed.

Lemma sum_all_zero (f : nat -> R) (n : nat) : (forall i, (i < n)%nat -> f i = 0) -> sum f n = 0.
Proof. intros H. rewrite <- (sum_zero n). now apply sum_ext. Qed.

Lemma sum_pos (f : nat -> R) (n : nat) : (0 < n)%nat -> (forall i, (i < n)%nat -> 0 < f i) -> 0 < sum f n.
Proof.
  intros Hn H. destruct n; [lia|]. simpl. apply Rplus_le_lt_0_compat; [apply sum_nonneg; intros; left|]; auto with arith.
Qed.

Lemma sum_const (c : R) (n : nat) : sum (fun _ => c) n = INR n * c.
Proof. induction n; [simpl; lra|]. rewrite S_INR. simpl. lra. Qed.

Lemma sum_plus (f g : nat -> R) (n : nat) : sum (fun i => f i + g i) n = sum f n + sum g n.
Proof. induction n; simpl; lra. Qed.

Lemma sum_minus (f g : nat -> R) (n : nat) : sum (fun i => f i - g i) n = sum f n - sum g n.
Proof. induction n; simpl; lra. Qed.

Lemma sum_opp (f : nat -> R) (n : nat) : sum (fun i => - f i) n = - sum f n.
Proof. induction n; simpl; lra. Qed.

Lemma sum_scal (c : R) (f : nat -> R) (n : nat) : sum (fun i => c * f i) n = c * sum f n.
Proof. induction n; simpl; [ring|]. rewrite IHn. ring. Qed.

Lemma sum_scal_r (c : R) (f : nat -> R) (n : nat) : sum (fun i => f i * c) n = sum f n * c.
Proof. induction n; simpl; [ring|]. rewrite IHn. ring. Qed.

Lemma sum_Rabs_le (f : nat -> R) (n : nat) : Rabs (sum f n) <= sum (fun i => Rabs (f i)) n.
Proof.
  induction n; simpl; [rewrite Rabs_R0; lra|].
  eapply Rle_trans; [apply Rabs_triang | lra].
Qed.

(** Terms of absolute value at most [M * w i] with weights [w]. *)
Lemma sum_Rabs_weighted_le (w x : nat -> R) (M : R) (n : nat) :
  (forall i, (i < n)%nat -> Rabs (x i) <= M) ->
  Rabs (sum (fun i => w i * x i) n) <= sum (fun i => Rabs (w i)) n * M.
Proof.
  intros H. eapply Rle_trans; [apply sum_Rabs_le|].
  rewrite <- sum_scal_r. apply sum_le. intros i Hi. rewrite Rabs_mult.
  apply Rmult_le_compat_l; [apply Rabs_pos | now apply H].
Qed.

(** The first [m] terms, then the next [n]. *)
Lemma sum_split (f : nat -> R) (m n : nat) : sum f (m + n) = sum f m + sum (fun i => f (m + i)%nat) n.
Proof.
  induction n; [rewrite Nat.add_0_r; simpl; lra|].
  rewrite Nat.add_succ_r. simpl. lra.
Qed.

(** The first term apart. *)
Lemma sum_first (f : nat -> R) (n : nat) : sum f (S n) = f O + sum (fun i => f (S i)) n.
Proof. change (S n) with (1 + n)%nat. rewrite sum_split. simpl. ring. Qed.

Lemma sum_rev (f : nat -> R) (n : nat) : sum (fun i => f (n - 1 - i)%nat) n = sum f n.
Proof.
  induction n; [reflexivity|]. rewrite sum_first.
  replace (S n - 1 - 0)%nat with n by lia. simpl sum at 2. rewrite <- IHn, Rplus_comm.
  f_equal. apply sum_ext. intros i Hi. f_equal. lia.
Qed.

Lemma sum_telescope (f : nat -> R) (n : nat) : sum (fun i => f (S i) - f i) n = f n - f O.
Proof. induction n; simpl; lra. Qed.

Lemma sum_mono (f : nat -> R) (m n : nat) :
  (m <= n)%nat -> (forall i, (m <= i < n)%nat -> 0 <= f i) -> sum f m <= sum f n.
Proof.
  intros Hmn H. replace n with (m + (n - m))%nat by lia. rewrite sum_split.
  assert (0 <= sum (fun i => f (m + i)%nat) (n - m)); [|lra].
  apply sum_nonneg. intros i Hi. apply H. lia.
Qed.

(** One term is at most the sum of terms that are not negative. *)
Lemma sum_term_le (f : nat -> R) (n i : nat) :
  (i < n)%nat -> (forall j, (j < n)%nat -> 0 <= f j) -> f i <= sum f n.
Proof.
  intros Hi H. apply Rle_trans with (sum f (S i)).
  - simpl. assert (0 <= sum f i); [apply sum_nonneg; intros; apply H; lia | lra].
  - apply sum_mono; [lia | intros; apply H; lia].
Qed.

(** One term apart. *)
Lemma sum_remove (f : nat -> R) (n k : nat) :
  (k < n)%nat -> sum f n = f k + sum (fun i => if Nat.eqb i k then 0 else f i) n.
Proof.
  induction n; intros Hk; [lia|]. simpl. destruct (Nat.eqb_spec n k) as [->|Hne]; [|rewrite IHn by lia; lra].
  rewrite (sum_ext (fun i => if Nat.eqb i k then 0 else f i) f k); [lra|].
  intros i Hi. destruct (Nat.eqb_spec i k); [lia | easy].
Qed.

(** A sum in which only the term [k] counts. *)
Lemma sum_single (f : nat -> R) (n k : nat) :
  (k < n)%nat -> (forall i, (i < n)%nat -> i <> k -> f i = 0) -> sum f n = f k.
Proof.
  intros Hk H. replace n with (k + S (n - S k))%nat by lia.
  rewrite sum_split, sum_first, Nat.add_0_r.
  rewrite (sum_ext f (fun _ => 0) k) by (intros; apply H; lia).
  rewrite (sum_ext _ (fun _ => 0) (n - S k)) by (intros; apply H; lia).
  rewrite !sum_zero. lra.
Qed.

(** Terms from [m] on are zero. *)
Lemma sum_truncate (f : nat -> R) (m n : nat) :
  (m <= n)%nat -> (forall i, (m <= i < n)%nat -> f i = 0) -> sum f n = sum f m.
Proof.
  intros Hmn H. replace n with (m + (n - m))%nat by lia. rewrite sum_split.
  rewrite (sum_ext _ (fun _ => 0) (n - m)) by (intros; apply H; lia). rewrite sum_zero. lra.
Qed.

Lemma sum_swap (f : nat -> nat -> R) (m n : nat) :
  sum (fun i => sum (fun j => f i j) n) m = sum (fun j => sum (fun i => f i j) m) n.
Proof.
  induction m; simpl; [symmetry; apply sum_zero|]. rewrite IHm, <- sum_plus. reflexivity.
Qed.

(** The triangle [j < i < n], by rows or by columns. *)
Lemma sum_swap_triangle (f : nat -> nat -> R) (n : nat) :
  sum (fun i => sum (fun j => f i j) i) n = sum (fun j => sum (fun k => f (S j + k)%nat j) (n - S j)) n.
Proof.
  induction n; [reflexivity|]. cbn [sum]. rewrite IHn, Nat.sub_diag. cbn [sum]. rewrite Rplus_0_r, <- sum_plus.
  apply sum_ext. intros j Hj. replace (S n - S j)%nat with (S (n - S j)) by lia.
  cbn [sum]. f_equal. f_equal. lia.
Qed.

Lemma sum_geometric (r : R) (n : nat) : (1 - r) * sum (fun i => r ^ i) n = 1 - r ^ n.
Proof. induction n; simpl; [ring|]. rewrite Rmult_plus_distr_l, IHn. ring. Qed.

(** A geometric sum is below its limit. *)
Lemma sum_geometric_le (r : R) (n : nat) : 0 <= r < 1 -> sum (fun i => r ^ i) n <= / (1 - r).
Proof.
  intros Hr. apply Rmult_le_reg_l with (1 - r); [lra|].
  rewrite sum_geometric, Rinv_r by lra. assert (0 <= r ^ n) by (apply pow_le; lra). lra.
Qed.

(** * Products *)

Lemma prod_ext (f g : nat -> R) (n : nat) :
  (forall i, (i < n)%nat -> f i = g i) -> prod f n = prod g n.
Proof. induction n; intros H; simpl; [reflexivity|]. rewrite IHn, H by auto with arith. reflexivity. Qed.

Lemma prod_nonneg (f : nat -> R) (n : nat) :
  (forall i, (i < n)%nat -> 0 <= f i) -> 0 <= prod f n.
Proof. induction n; intros H; simpl; [lra|]. apply Rmult_le_pos; auto with arith. Qed.

Lemma prod_pos (f : nat -> R) (n : nat) :
  (forall i, (i < n)%nat -> 0 < f i) -> 0 < prod f n.
Proof. induction n; intros H; simpl; [lra|]. apply Rmult_lt_0_compat; auto with arith. Qed.

Lemma prod_le (f g : nat -> R) (n : nat) :
  (forall i, (i < n)%nat -> 0 <= f i <= g i) -> prod f n <= prod g n.
Proof.
  induction n; intros H; simpl; [lra|].
  apply Rmult_le_compat; try (apply H; lia).
  - apply prod_nonneg. intros i Hi. apply H. lia.
  - apply IHn. auto with arith.
Qed.

Lemma prod_one (n : nat) : prod (fun _ => 1) n = 1.
Proof. induction n; simpl; lra. Qed.

Lemma prod_const (c : R) (n : nat) : prod (fun _ => c) n = c ^ n.
Proof. induction n; simpl; [reflexivity|]. rewrite IHn. ring. Qed.

Lemma prod_mult (f g : nat -> R) (n : nat) : prod (fun i => f i * g i) n = prod f n * prod g n.
Proof. induction n; simpl; [ring|]. rewrite IHn. ring. Qed.

Lemma prod_inv (f : nat -> R) (n : nat) : prod (fun i => / f i) n = / prod f n.
Proof. induction n; simpl; [now rewrite Rinv_1|]. rewrite IHn, Rinv_mult. reflexivity. Qed.

Lemma prod_Rabs (f : nat -> R) (n : nat) : Rabs (prod f n) = prod (fun i => Rabs (f i)) n.
Proof. induction n; simpl; [apply Rabs_R1|]. rewrite Rabs_mult, IHn. reflexivity. Qed.

Lemma prod_split (f : nat -> R) (m n : nat) : prod f (m + n) = prod f m * prod (fun i => f (m + i)%nat) n.
Proof.
  induction n; [rewrite Nat.add_0_r; simpl; lra|].
  rewrite Nat.add_succ_r. simpl. rewrite IHn. ring.
Qed.

Lemma prod_first (f : nat -> R) (n : nat) : prod f (S n) = f O * prod (fun i => f (S i)) n.
Proof. change (S n) with (1 + n)%nat. rewrite prod_split. simpl. ring. Qed.

Lemma prod_telescope (f : nat -> R) (n : nat) :
  (forall i, (i <= n)%nat -> f i <> 0) -> prod (fun i => f (S i) / f i) n = f n / f O.
Proof.
  induction n; intros H; simpl; [field; auto|].
  rewrite IHn by auto with arith. field. split; apply H; lia.
Qed.
