(** The tail of the end-to-end Jacobian from its recursion: no logarithm, by a sum that telescopes. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Powers GammaLimit GammaFunction ImpulseResponse UniformRouting ClosedForms.
Open Scope R_scope.

Section Recursion.
  Variables (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 A_0 A_1 : R) (tau : nat) (d : nat -> R) (T : nat).
  Hypothesis H : jacobian_recursion gamma alpha gamma_max c2 A_0 A_1 tau d T.
  Let eta := gamma_max * c2.

  Lemma recursion_constants t : (1 <= t < T)%nat -> 0 <= gamma_max /\ 0 <= c2.
  Proof.
    destruct H as (Ha & Hg & _). intros Ht. split.
    - eapply Rle_trans; [apply Rabs_pos | apply (Hg t); lia].
    - assert (Hi : 0 < INR t) by (apply lt_0_INR; lia). pose proof (Ha t O ltac:(lia)). pose proof (Rabs_pos (alpha t O)).
      replace c2 with (c2 / INR t * INR t) by (field; lra). nra.
  Qed.

  Lemma recursion_row t : (tau < t < T)%nat -> d t <= A_1 / (INR t + 1) + eta / INR t * sum d t.
  Proof.
    intros Ht. destruct (recursion_constants t ltac:(lia)) as [Hg0 Hc]. destruct H as (Ha & Hg & _ & _ & Hd & _ & _ & Hr).
    eapply Rle_trans; [now apply Hr|]. apply Rplus_le_compat_l.
    replace (eta / INR t * sum d t) with (gamma_max * (c2 / INR t * sum d t)) by (unfold eta, Rdiv; ring).
    apply Rmult_le_compat; [apply Rabs_pos | | apply Hg; lia|].
    - apply sum_nonneg. intros j Hj. apply Rmult_le_pos; [apply Rabs_pos | apply Hd; lia].
    - rewrite <- sum_scal. apply sum_le. intros j Hj. apply Rmult_le_compat_r; [apply Hd; lia | apply Ha; lia].
  Qed.

  (** eta times all that came before, and A_1, grow together by at most 1 + eta/t: that is where the sum telescopes. *)
  Lemma recursion_sum t : (tau < t)%nat -> (t < T)%nat -> eta * sum d t + A_1 <= growth eta tau t * (eta * A_0 + A_1).
  Proof.
    apply (after_the_source tau (fun t => (t < T)%nat -> eta * sum d t + A_1 <= growth eta tau t * (eta * A_0 + A_1))); clear t.
    - intros HT. destruct (recursion_constants (S tau) ltac:(lia)) as [Hg0 Hc]. assert (He : 0 <= eta) by now apply Rmult_le_pos.
      destruct H as (_ & _ & _ & _ & _ & Hz & H0 & _). rewrite growth_start. cbn [sum].
      rewrite (sum_ext d (fun _ => 0)), sum_zero by exact Hz. nra.
    - intros t Ht IH HT. specialize (IH ltac:(lia)). destruct (recursion_constants t ltac:(lia)) as [Hg0 Hc].
      pose proof (recursion_row t ltac:(lia)) as R. destruct H as (_ & _ & _ & H1 & _). rewrite growth_S by easy. cbn [sum].
      assert (Hp : 0 < INR t) by (apply lt_0_INR; lia). assert (He : 0 <= eta) by now apply Rmult_le_pos.
      assert (Hi : 0 <= eta / INR t) by now apply Rdiv_le_0_compat.
      assert (L : eta * (A_1 / (INR t + 1)) <= eta / INR t * A_1).
      { replace (eta / INR t * A_1) with (eta * (A_1 / INR t)) by (field; lra). apply Rmult_le_compat_l; [easy|].
        apply Rmult_le_compat_l; [easy|]. apply Rinv_le_contravar; lra. }
      apply Rle_trans with ((eta * sum d t + A_1) * (1 + eta / INR t)).
      + apply (Rmult_le_compat_l eta) in R; [|easy]. rewrite Rmult_plus_distr_l in R.
        replace (eta * (eta / INR t * sum d t)) with (eta / INR t * (eta * sum d t)) in R by ring. lra.
      + replace (growth eta tau t * (1 + eta / INR t) * (eta * A_0 + A_1)) with (growth eta tau t * (eta * A_0 + A_1) * (1 + eta / INR t)) by ring.
        apply Rmult_le_compat_r; lra.
  Qed.

  Lemma tail_bound t : (tau < t < T)%nat -> d t <= (eta * A_0 + A_1) * (growth eta tau t / INR t).
  Proof.
    intros Ht. pose proof (recursion_row t Ht) as R. pose proof (recursion_sum t ltac:(lia) ltac:(lia)) as S.
    assert (Hp : 0 < INR t) by (apply lt_0_INR; lia). assert (H1 : 0 <= A_1) by apply H.
    apply (Rmult_le_reg_r (INR t)); [easy|].
    replace ((eta * A_0 + A_1) * (growth eta tau t / INR t) * INR t) with (growth eta tau t * (eta * A_0 + A_1)) by (field; lra).
    eapply Rle_trans; [|exact S]. apply (Rmult_le_compat_r (INR t)) in R; [|lra].
    replace ((A_1 / (INR t + 1) + eta / INR t * sum d t) * INR t) with (A_1 * (INR t / (INR t + 1)) + eta * sum d t) in R by (field; lra).
    assert (INR t / (INR t + 1) <= 1) by (apply (Rmult_le_reg_r (INR t + 1)); [lra|]; unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra). nra.
  Qed.

  Lemma entries_nonneg : (1 < T)%nat -> 0 <= eta * A_0 + A_1.
  Proof.
    intros HT. destruct (recursion_constants 1 ltac:(lia)) as [Hg0 Hc]. destruct H as (_ & _ & HtT & H1 & Hd & _ & H0 & _).
    specialize (Hd tau HtT). assert (0 <= eta) by now apply Rmult_le_pos. nra.
  Qed.

  Lemma tail_power l : 0 < eta < 1 -> (1 <= l)%nat -> (tau + l < T)%nat ->
    d (tau + l)%nat <= (eta * A_0 + A_1) / Gamma (1 + eta) * Rpower (INR l) (- (1 - eta)).
  Proof.
    intros He Hl HT. eapply Rle_trans; [apply tail_bound; lia|]. unfold Rdiv. rewrite Rmult_assoc.
    apply Rmult_le_compat_l; [apply entries_nonneg; lia|]. fold (growth eta tau (tau + l) / INR (tau + l)).
    pose proof (influence_upper eta tau l He Hl) as U. rewrite <- Gamma_1_plus in U by lra. unfold uniform_influence in U.
    pose proof (Gamma_pos (1 + eta) ltac:(lra)). assert (0 < INR (tau + l)) by (apply lt_0_INR; lia).
    apply (Rmult_le_reg_l eta); [lra|].
    replace (eta * (growth eta tau (tau + l) / INR (tau + l))) with (eta / INR (tau + l) * growth eta tau (tau + l)) by (field; lra).
    eapply Rle_trans; [exact U|]. right. field. lra.
  Qed.
End Recursion.

(** What attains the two parts: at t = tau + 1 uniform routing, with A_1/(tau + 2) of the row itself. *)
Definition attaining (eta A_0 A_1 : R) (tau t : nat) : R :=
  if Nat.eqb t tau then A_0 else if Nat.eqb t (S tau) then A_1 / (INR tau + 2) + eta / (INR tau + 1) * A_0 else 0.

Lemma attaining_recursion eta A_0 A_1 tau : 0 <= eta -> 0 <= A_0 -> 0 <= A_1 ->
  jacobian_recursion (fun _ => eta) (fun t _ => 1 / INR t) eta 1 A_0 A_1 tau (attaining eta A_0 A_1 tau) (S (S tau)).
Proof.
  intros He H0 H1. pose proof (pos_INR tau) as Hp.
  assert (P : 0 <= A_1 / (INR tau + 2) + eta / (INR tau + 1) * A_0).
  { apply Rplus_le_le_0_compat; [apply Rdiv_le_0_compat; lra | apply Rmult_le_pos; [apply Rdiv_le_0_compat; lra | easy]]. }
  split; [|split; [|split; [lia | split; [easy | split; [|split; [|split]]]]]].
  - intros t j Ht. rewrite Rabs_pos_eq; [lra|]. apply Rdiv_le_0_compat; [lra | apply lt_0_INR; lia].
  - intros t _. rewrite Rabs_pos_eq; lra.
  - intros t _. unfold attaining. destruct (Nat.eqb t tau); [easy|]. destruct (Nat.eqb t (S tau)); lra.
  - intros t Ht. unfold attaining. destruct (Nat.eqb_spec t tau); [lia|]. destruct (Nat.eqb_spec t (S tau)); [lia | reflexivity].
  - unfold attaining. rewrite Nat.eqb_refl. lra.
  - intros t Ht. assert (t = S tau) as -> by lia. cbn [sum].
    rewrite (sum_ext (fun j => Rabs (1 / INR (S tau)) * attaining eta A_0 A_1 tau j) (fun _ => 0)), sum_zero.
    + unfold attaining. rewrite !Nat.eqb_refl. destruct (Nat.eqb_spec (S tau) tau); [lia|]. rewrite S_INR.
      rewrite !Rabs_pos_eq by (try apply Rdiv_le_0_compat; lra). right. field. lra.
    + intros j Hj. unfold attaining. destruct (Nat.eqb_spec j tau); [lia|]. destruct (Nat.eqb_spec j (S tau)); [lia | ring].
Qed.

Theorem ours_jacobian_recursion_holds : ours_jacobian_recursion.
Proof.
  split.
  - intros gamma alpha gamma_max c2 A_0 A_1 tau d T H eta. split.
    + exact (tail_bound gamma alpha gamma_max c2 A_0 A_1 tau d T H).
    + intros He l. exact (tail_power gamma alpha gamma_max c2 A_0 A_1 tau d T H l He).
  - intros eta p q He B. split.
    + pose proof (B _ _ 1 0 O _ _ (attaining_recursion eta 1 0 0 ltac:(lra) ltac:(lra) ltac:(lra)) 1%nat ltac:(lia)) as P.
      rewrite growth_start in P. unfold attaining in P. simpl in P. unfold Rdiv in P. rewrite Rinv_1 in P.
      replace (0 + 1) with 1 in P by ring. rewrite Rinv_1 in P. lra.
    + apply le_epsilon. intros e Hep. destruct (nfloor_ex (/ e)) as [n Hn]; [left; now apply Rinv_0_lt_compat|].
      pose proof (B _ _ 0 1 n _ _ (attaining_recursion eta 0 1 n ltac:(lra) ltac:(lra) ltac:(lra)) (S n) ltac:(lia)) as P.
      rewrite growth_start in P. unfold attaining in P. rewrite Nat.eqb_refl in P. destruct (Nat.eqb_spec (S n) n) as [|_]; [lia|].
      pose proof (pos_INR n). rewrite S_INR in P. apply (Rmult_le_compat_r (INR n + 1)) in P; [|lra].
      replace ((p * 0 + q * 1) * (1 / (INR n + 1)) * (INR n + 1)) with q in P by (field; lra).
      replace ((1 / (INR n + 2) + eta / (INR n + 1) * 0) * (INR n + 1)) with (1 - / (INR n + 2)) in P by (field; lra).
      assert (/ (INR n + 2) <= e) by (rewrite <- (Rinv_inv e); apply Rinv_le_contravar; [now apply Rinv_0_lt_compat | lra]). lra.
Qed.

Theorem ours_jacobian_recursion_instance : exists gamma alpha gamma_max c2 A_0 A_1 tau d T,
  ours_jacobian_recursion_hypotheses gamma alpha gamma_max c2 A_0 A_1 tau d T.
Proof.
  eexists _, _, _, _, _, _, 3%nat, _, _. apply (attaining_recursion (1 / 2) 1 (1 / 3)); lra.
Qed.
