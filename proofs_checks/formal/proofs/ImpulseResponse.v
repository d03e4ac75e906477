(** Impulse responses: they exist, they are silent before the source, and uniform routing bounds them. *)

From Coq Require Import Reals Lra Lia PeanoNat Wf_nat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Powers.
Open Scope R_scope.

(** ** Forward substitution: row t of the solution needs earlier rows alone *)

Section Substitution.
  Variables (gamma : nat -> R) (alpha : nat -> nat -> R) (tau : nat).

  Definition row (t : nat) (y : nat -> R) : R :=
    (if Nat.eqb t tau then 1 else 0) + gamma t * sum (fun j => alpha t j * y j) t.

  Fixpoint substitute (n : nat) : nat -> R :=
    match n with
    | O => fun _ => 0
    | S m => fun t => row t (substitute m)
    end.

  Lemma row_ext t y z : (forall j, (j < t)%nat -> y j = z j) -> row t y = row t z.
  Proof. intros H. unfold row. do 2 f_equal. apply sum_ext. intros j Hj. now rewrite H. Qed.

  Lemma substitute_stable n : forall m t, (t < n)%nat -> (t < m)%nat -> substitute n t = substitute m t.
  Proof.
    induction n as [|n IH]; intros m t Hn Hm; [lia|]. destruct m as [|m]; [lia|]. simpl.
    apply row_ext. intros j Hj. apply IH; lia.
  Qed.

  Lemma response_exists : exists y, forall T, impulse_response gamma alpha tau y T.
  Proof.
    exists (fun t => substitute (S t) t). intros T t _. apply row_ext. intros j Hj. apply substitute_stable; lia.
  Qed.
End Substitution.

Lemma before_the_source gamma alpha tau y T t :
  impulse_response gamma alpha tau y T -> (t < T)%nat -> (t < tau)%nat -> y t = 0.
Proof.
  intros Hy. induction t as [t IH] using lt_wf_ind. intros HT Ht. rewrite (Hy t HT).
  destruct (Nat.eqb_spec t tau) as [|_]; [lia|].
  rewrite (sum_ext _ (fun _ => 0)), sum_zero; [ring|]. intros j Hj. rewrite IH by lia. ring.
Qed.

Lemma at_the_source gamma alpha tau y T : impulse_response gamma alpha tau y T -> (tau < T)%nat -> y tau = 1.
Proof.
  intros Hy HT. rewrite (Hy tau HT), Nat.eqb_refl.
  rewrite (sum_ext _ (fun _ => 0)), sum_zero; [ring|]. intros j Hj.
  rewrite (before_the_source gamma alpha tau y T j Hy); [ring | lia | lia].
Qed.

(** ** The product of 1 + eta/j *)

Lemma growth_from eta tau n : growth eta tau (S tau + n) = prod (fun i => 1 + eta / INR (S tau + i)) n.
Proof. unfold growth. now replace (S tau + n - S tau)%nat with n by lia. Qed.

Lemma growth_start eta tau : growth eta tau (S tau) = 1.
Proof. replace (S tau) with (S tau + 0)%nat by lia. now rewrite growth_from. Qed.

Lemma growth_S eta tau t : (tau < t)%nat -> growth eta tau (S t) = growth eta tau t * (1 + eta / INR t).
Proof.
  intros H. replace t with (S tau + (t - S tau))%nat by lia.
  rewrite <- Nat.add_succ_r, !growth_from. reflexivity.
Qed.

(** Induction from tau + 1 on. *)
Lemma after_the_source (tau : nat) (P : nat -> Prop) :
  P (S tau) -> (forall t, (tau < t)%nat -> P t -> P (S t)) -> forall t, (tau < t)%nat -> P t.
Proof. intros H0 HS t Ht. induction Ht as [|t Ht IH]; [easy|]. now apply HS. Qed.

Lemma growth_ge_1 eta tau t : 0 <= eta -> (tau < t)%nat -> 1 <= growth eta tau t.
Proof.
  intros He. apply (after_the_source tau (fun t => 1 <= growth eta tau t)); [rewrite growth_start; lra|]. clear t.
  intros t Ht IH. rewrite growth_S by easy. assert (0 <= eta / INR t) by (apply Rdiv_le_0_compat; [easy | apply lt_0_INR; lia]). nra.
Qed.

(** ** Comparison with uniform routing *)

Section Comparison.
  Variables (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 : R) (tau : nat) (y : nat -> R) (T : nat).
  Hypothesis H : decay_hypotheses gamma alpha gamma_max c2 tau y T.
  Let eta := gamma_max * c2.
  Let S_abs t := sum (fun j => Rabs (y j)) t.

  Lemma constants_nonneg t : (1 <= t < T)%nat -> 0 <= gamma_max /\ 0 <= c2.
  Proof.
    destruct H as (_ & Ha & Hg). intros Ht. split.
    - eapply Rle_trans; [apply Rabs_pos | apply (Hg t); lia].
    - assert (Hi : 0 < INR t) by (apply lt_0_INR; lia). pose proof (Ha t O ltac:(lia)). pose proof (Rabs_pos (alpha t O)).
      replace c2 with (c2 / INR t * INR t) by (field; lra). nra.
  Qed.

  (** A row is at most eta/t times all that came before. *)
  Lemma row_bound t : (tau < t < T)%nat -> Rabs (y t) <= eta / INR t * S_abs t.
  Proof.
    intros Ht. destruct (constants_nonneg t ltac:(lia)) as [Hg Hc]. destruct H as (Hy & Ha & Hb). rewrite (Hy t) by lia.
    destruct (Nat.eqb_spec t tau) as [|_]; [lia|]. rewrite Rplus_0_l, Rabs_mult.
    replace (eta / INR t * S_abs t) with (gamma_max * (c2 / INR t * S_abs t)) by (unfold eta, Rdiv; ring).
    apply Rmult_le_compat; try apply Rabs_pos; [apply Hb; lia|].
    eapply Rle_trans; [apply sum_Rabs_le|]. unfold S_abs. rewrite <- sum_scal. apply sum_le. intros j Hj.
    rewrite Rabs_mult. apply Rmult_le_compat_r; [apply Rabs_pos | apply Ha; lia].
  Qed.

  Lemma sum_start : (tau < T)%nat -> S_abs (S tau) = 1.
  Proof.
    intros HT. destruct H as (Hy & _). unfold S_abs. simpl. rewrite (at_the_source _ _ _ _ _ Hy HT), Rabs_R1.
    rewrite (sum_ext _ (fun _ => 0)), sum_zero; [ring|]. intros j Hj.
    rewrite (before_the_source _ _ _ _ _ j Hy) by lia. apply Rabs_R0.
  Qed.

  (** So all that came before grows by at most 1 + eta/t. *)
  Lemma sum_bound t : (tau < t)%nat -> (t <= T)%nat -> S_abs t <= growth eta tau t.
  Proof.
    apply (after_the_source tau (fun t => (t <= T)%nat -> S_abs t <= growth eta tau t)); clear t.
    - intros HT. rewrite sum_start, growth_start by lia. lra.
    - intros t Ht IH HT. specialize (IH ltac:(lia)). rewrite growth_S by easy. pose proof (row_bound t ltac:(lia)) as Hr.
      destruct (constants_nonneg t ltac:(lia)) as [Hg Hc]. change (S_abs (S t)) with (S_abs t + Rabs (y t)).
      assert (0 <= eta / INR t) by (apply Rdiv_le_0_compat; [now apply Rmult_le_pos | apply lt_0_INR; lia]). nra.
  Qed.

  Lemma uniform_bound t : (tau < t < T)%nat -> Rabs (y t) <= uniform_influence eta tau t.
  Proof.
    intros Ht. eapply Rle_trans; [now apply row_bound|]. apply Rmult_le_compat_l; [|apply sum_bound; lia].
    destruct (constants_nonneg t ltac:(lia)) as [Hg Hc].
    apply Rdiv_le_0_compat; [now apply Rmult_le_pos | apply lt_0_INR; lia].
  Qed.
End Comparison.

(** Uniform routing itself, whatever the sign of its gain. *)
Lemma uniform_response gamma_max c2 tau y T : impulse_response (fun _ => gamma_max) (fun t _ => c2 / INR t) tau y T ->
  forall t, (tau < t < T)%nat -> y t = uniform_influence (gamma_max * c2) tau t.
Proof.
  intros Hy. assert (E : forall t, (tau < t < T)%nat -> y t = gamma_max * c2 / INR t * sum y t).
  { intros t Ht. rewrite (Hy t) by lia. destruct (Nat.eqb_spec t tau) as [|_]; [lia|].
    rewrite sum_scal. unfold Rdiv. ring. }
  assert (G : forall t, (tau < t)%nat -> (t <= T)%nat -> sum y t = growth (gamma_max * c2) tau t).
  { intros t Ht. apply (after_the_source tau (fun t => (t <= T)%nat -> sum y t = growth (gamma_max * c2) tau t)); [| |easy]; clear t Ht.
    - intros HT. rewrite growth_start. simpl. rewrite (at_the_source _ _ _ _ _ Hy) by lia.
      rewrite (sum_ext _ (fun _ => 0)), sum_zero; [ring|]. intros j Hj. apply (before_the_source _ _ _ _ _ j Hy); lia.
    - intros t Ht IH HT. rewrite growth_S by easy. rewrite <- IH by lia. simpl. rewrite (E t) by lia. ring. }
  intros t Ht. rewrite (E t Ht), G by lia. reflexivity.
Qed.
