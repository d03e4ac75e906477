(** Theorems 8 and 28, Corollaries E.3 and E.4, Lemma B.5: the power law behind the bound by uniform routing. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Powers ImpulseResponse.
Open Scope R_scope.

(** ** The product of 1 + eta/j is at most (e n)^eta *)

(** 1 + eta/2 + ... + eta/n <= eta (1 + log n), by 1/(n+1) <= log(1 + 1/n). *)
Lemma growth_from_0 eta n : 0 <= eta -> growth eta 0 (S (S n)) <= exp (eta * (1 + ln (INR (S n)))).
Proof.
  intros He. induction n as [|n IH].
  - rewrite growth_S, growth_start by lia. simpl INR. rewrite ln_1.
    replace (eta * (1 + 0)) with eta by ring. replace (1 * (1 + eta / 1)) with (1 + eta) by field.
    destruct (Req_dec eta 0) as [->|]; [rewrite exp_0; lra | left; now apply exp_ineq1].
  - rewrite growth_S by lia. set (x := INR (S (S n))).
    assert (Ex : x = INR (S n) + 1) by (unfold x; now rewrite !S_INR). assert (Hp : 0 < INR (S n)) by (apply lt_0_INR; lia).
    assert (Hl : / x <= ln x - ln (INR (S n))).
    { replace (ln x - ln (INR (S n))) with (- ln (INR (S n) / x)) by (rewrite ln_div by lra; ring).
      pose proof (ln_le_minus_1 (INR (S n) / x) ltac:(apply Rdiv_lt_0_compat; lra)) as L.
      replace (INR (S n) / x - 1) with (- / x) in L by (rewrite Ex; field; lra). lra. }
    replace (exp (eta * (1 + ln x))) with (exp (eta * (1 + ln (INR (S n)))) * exp (eta * (ln x - ln (INR (S n)))))
      by (rewrite <- exp_plus; f_equal; ring).
    assert (Hd : 0 <= eta / x) by (apply Rdiv_le_0_compat; lra).
    apply Rmult_le_compat; [eapply Rle_trans; [|apply growth_ge_1; [easy | lia]]; lra | lra | easy|].
    apply Rle_trans with (exp (eta / x)).
    + destruct Hd as [Hd| <-]; [left; apply exp_ineq1; lra | rewrite exp_0; lra].
    + apply exp_le_incr. unfold Rdiv. now apply Rmult_le_compat_l.
Qed.

(** A later source grows less. *)
Lemma growth_shift eta tau l : 0 <= eta -> (1 <= l)%nat -> growth eta tau (tau + l) <= growth eta 0 l.
Proof.
  intros He Hl. replace (tau + l)%nat with (S tau + (l - 1))%nat by lia.
  replace (growth eta 0 l) with (growth eta 0 (1 + (l - 1))) by (f_equal; lia).
  rewrite !growth_from. apply prod_le. intros i _. unfold Rdiv.
  assert (0 < INR (1 + i)) by (apply lt_0_INR; lia).
  assert (/ INR (S tau + i) <= / INR (1 + i)) by (apply Rinv_le_contravar; [easy | apply le_INR; lia]).
  assert (0 < / INR (S tau + i)) by (apply Rinv_0_lt_compat, lt_0_INR; lia). split; nra.
Qed.

Lemma uniform_power eta tau l : 0 <= eta -> (1 <= l)%nat ->
  uniform_influence eta tau (tau + l) <= eta * exp eta * Rpower (INR l) (- (1 - eta)).
Proof.
  intros He Hl. assert (Hp : 0 < INR l) by (apply lt_0_INR; lia).
  assert (Hg : growth eta tau (tau + l) <= exp (eta * (1 + ln (INR l)))).
  { eapply Rle_trans; [now apply growth_shift|]. destruct l as [|[|n]]; [lia| |].
    - rewrite growth_start. simpl INR. rewrite ln_1. rewrite <- exp_0 at 1. apply exp_le_incr. nra.
    - eapply Rle_trans; [now apply growth_from_0|]. apply exp_le_incr, Rmult_le_compat_l; [easy|].
      apply Rplus_le_compat_l, ln_le_incr; [apply lt_0_INR; lia | apply le_INR; lia]. }
  replace (eta * exp eta * Rpower (INR l) (- (1 - eta))) with (eta / INR l * exp (eta * (1 + ln (INR l)))).
  - apply Rmult_le_compat; [| |unfold Rdiv; apply Rmult_le_compat_l; [easy|]|easy].
    + apply Rdiv_le_0_compat; [easy | apply lt_0_INR; lia].
    + pose proof (growth_ge_1 eta tau (tau + l) He ltac:(lia)). lra.
    + apply Rinv_le_contravar; [easy | apply le_INR; lia].
  - unfold Rpower, Rdiv. rewrite Rmult_assoc, Rmult_assoc. f_equal.
    rewrite <- (exp_ln (/ INR l)), <- !exp_plus by (now apply Rinv_0_lt_compat). f_equal. rewrite ln_Rinv by easy. ring.
Qed.

(** ** The statements *)

Theorem thm_8_holds : thm_8.
Proof.
  intros gamma alpha gamma_max c2 tau y T beta [H ->] l Hl HT.
  destruct (constants_nonneg _ _ _ _ _ _ _ H (tau + l)) as [Hg Hc]; [lia|].
  eapply Rle_trans; [apply (uniform_bound _ _ _ _ _ _ _ H); lia|].
  replace (1 - (1 - gamma_max * c2)) with (gamma_max * c2) by ring.
  pose proof (uniform_power (gamma_max * c2) tau l (Rmult_le_pos _ _ Hg Hc) Hl) as U.
  now replace (- (1 - gamma_max * c2)) with (- (1 - gamma_max * c2)) in U by ring.
Qed.

(** Theorem 8 with eta in place of beta_tail. *)
Lemma decay gamma alpha gamma_max c2 tau y T l : decay_hypotheses gamma alpha gamma_max c2 tau y T ->
  (1 <= l)%nat -> (tau + l < T)%nat ->
  Rabs (y (tau + l)%nat) <= gamma_max * c2 * exp (gamma_max * c2) * Rpower (INR l) (- (1 - gamma_max * c2)).
Proof.
  intros H Hl HT. pose proof (thm_8_holds _ _ _ _ _ _ _ _ (conj H eq_refl) l Hl HT) as P.
  now replace (1 - (1 - gamma_max * c2)) with (gamma_max * c2) in P by ring.
Qed.

Lemma power_to_0 beta : 0 < beta -> is_lim_seq (fun n => Rpower (INR n) (- beta)) 0.
Proof.
  intros Hb. apply (is_lim_comp_seq exp (fun n => - beta * ln (INR n)) m_infty 0 is_lim_exp_m); [now exists O; intros|].
  apply is_lim_seq_ext with (fun n => - (beta * ln (INR n))); [intros n; ring|].
  apply (is_lim_seq_opp _ p_infty). replace p_infty with (Rbar_mult beta p_infty).
  - apply is_lim_seq_scal_l, (is_lim_comp_seq ln INR p_infty p_infty is_lim_ln_p); [now exists O; intros | apply is_lim_seq_INR].
  - apply is_Rbar_mult_unique, is_Rbar_mult_sym, is_Rbar_mult_p_infty_pos. easy.
Qed.

Theorem thm_28_holds : thm_28.
Proof.
  intros gamma alpha gamma_max c2 y H eta.
  assert (B : forall t, (1 <= t)%nat -> Rabs (y t) <= eta * exp eta * Rpower (INR t) (- (1 - eta)))
    by (intros t Ht; apply (decay gamma alpha gamma_max c2 0 y (S t) t); [apply H | easy | lia]).
  split; [exact B|]. intros He. apply is_lim_seq_abs_0.
  apply is_lim_seq_le_le_loc with (fun _ => 0) (fun t => eta * exp eta * Rpower (INR t) (- (1 - eta))).
  - exists 1%nat. intros t Ht. split; [apply Rabs_pos | now apply B].
  - apply is_lim_seq_const.
  - replace (Finite 0) with (Rbar_mult (eta * exp eta) 0) by (simpl; f_equal; ring).
    apply is_lim_seq_scal_l, power_to_0. lra.
Qed.

Theorem cor_E_3_holds : cor_E_3.
Proof. intros gamma alpha gamma_max c2 y T H eta t Ht. apply (decay _ _ _ _ 0 y T t H); lia. Qed.

Theorem cor_E_4_holds : cor_E_4.
Proof.
  intros gamma alpha gamma_max c2 tau y H eta. repeat split.
  - intros t Ht. destruct (H (S t)) as [Hy _]. apply (before_the_source _ _ _ _ _ t Hy); lia.
  - destruct (H (S tau)) as [Hy _]. apply (at_the_source _ _ _ _ _ Hy); lia.
  - intros t Ht. replace (y t) with (y (tau + (t - tau))%nat) by (f_equal; lia).
    apply (decay _ _ _ _ tau y (S t) (t - tau) (H _)); lia.
Qed.

Theorem lem_B_5_holds : lem_B_5.
Proof.
  intros gamma alpha gamma_max c2 K T H eta. split.
  - intros t Ht. destruct (H t Ht) as [Hy _]. now apply (at_the_source _ _ _ _ _ Hy).
  - intros k t Ht. replace (K t k) with (K (k + (t - k))%nat k) by (f_equal; lia).
    apply (decay gamma alpha gamma_max c2 k (fun t => K t k) T (t - k)); [apply H | |]; lia.
Qed.

Theorem rem_E_2_holds : rem_E_2.
Proof.
  intros gamma alpha gamma_max c2 tau y T [H He]. split; [|split].
  - intros Hc t Ht. destruct H as (_ & _ & Hg). specialize (Hg t Ht). apply Rmult_integral in He. destruct He as [-> | ->]; [|lra].
    destruct (Req_dec (gamma t) 0) as [|Hn]; [easy|]. pose proof (Rabs_pos_lt _ Hn). lra.
  - intros HT. destruct H as [Hy _]. now apply (at_the_source _ _ _ _ _ Hy).
  - intros t Ht. pose proof (uniform_bound _ _ _ _ _ _ _ H t Ht) as U. rewrite He in U.
    unfold uniform_influence, Rdiv in U. rewrite !Rmult_0_l in U. pose proof (Rabs_pos (y t)).
    destruct (Req_dec (y t) 0) as [|Hn]; [easy|]. pose proof (Rabs_pos_lt _ Hn). lra.
Qed.

(** ** Instances: rows alpha(t, j) = 2 (j + 1) / (t (t + 1)), which sum to 1, with gains of both signs *)

Definition sample_gain (t : nat) : R := if Nat.even t then 2 / 5 else - (1 / 3).
Definition sample_rows (t j : nat) : R := 2 * INR (j + 1) / (INR t * INR (t + 1)).

Lemma sample_hypotheses tau : exists y, forall T, decay_hypotheses sample_gain sample_rows (2 / 5) 2 tau y T.
Proof.
  destruct (response_exists sample_gain sample_rows tau) as [y Hy]. exists y. intros T. split; [apply Hy | split].
  - intros t j Hj. assert (0 < INR t) by (apply lt_0_INR; lia). assert (0 < INR (t + 1)) by (apply lt_0_INR; lia).
    assert (Hq : INR (j + 1) <= INR (t + 1)) by (apply le_INR; lia). pose proof (pos_INR (j + 1)).
    unfold sample_rows. rewrite Rabs_pos_eq by (apply Rdiv_le_0_compat; nra).
    apply Rle_div_l; [nra|]. replace (2 / INR t * (INR t * INR (t + 1))) with (2 * INR (t + 1)) by (field; lra). lra.
  - intros t _. unfold sample_gain. destruct (Nat.even t); apply Rabs_le; lra.
Qed.

Theorem thm_28_instance : exists gamma alpha gamma_max c2 y, thm_28_hypotheses gamma alpha gamma_max c2 y.
Proof. destruct (sample_hypotheses 0) as [y H]. now exists sample_gain, sample_rows, (2 / 5), 2, y. Qed.

Theorem cor_E_3_instance : exists gamma alpha gamma_max c2 y T, cor_E_3_hypotheses gamma alpha gamma_max c2 y T.
Proof. destruct (sample_hypotheses 0) as [y H]. exists sample_gain, sample_rows, (2 / 5), 2, y, 8%nat. apply H. Qed.

Theorem cor_E_4_instance : exists gamma alpha gamma_max c2 tau y, cor_E_4_hypotheses gamma alpha gamma_max c2 tau y.
Proof. destruct (sample_hypotheses 3) as [y H]. now exists sample_gain, sample_rows, (2 / 5), 2, 3%nat, y. Qed.

Theorem thm_8_instance : exists gamma alpha gamma_max c2 tau y T beta, thm_8_hypotheses gamma alpha gamma_max c2 tau y T beta.
Proof.
  destruct (sample_hypotheses 3) as [y H]. exists sample_gain, sample_rows, (2 / 5), 2, 3%nat, y, 8%nat, (1 / 5).
  split; [apply H | lra].
Qed.

Lemma sample_kernel : exists K, forall k T, decay_hypotheses sample_gain sample_rows (2 / 5) 2 k (fun t => K t k) T.
Proof.
  destruct (sample_hypotheses 0) as [y0 _].
  exists (fun t k => substitute sample_gain sample_rows k (S t) t). intros k T.
  destruct (sample_hypotheses k) as [y Hy]. destruct (Hy T) as (_ & Ha & Hg). split; [|split; assumption].
  intros t _. apply (row_ext sample_gain sample_rows k). intros j Hj. apply substitute_stable; lia.
Qed.

Theorem lem_B_5_instance : exists gamma alpha gamma_max c2 K T, lem_B_5_hypotheses gamma alpha gamma_max c2 K T.
Proof. destruct sample_kernel as [K H]. exists sample_gain, sample_rows, (2 / 5), 2, K, 8%nat. intros k _. apply H. Qed.

Theorem rem_E_2_instance : exists gamma alpha gamma_max c2 tau y T, rem_E_2_hypotheses gamma alpha gamma_max c2 tau y T.
Proof.
  destruct (response_exists (fun _ => 0) sample_rows 3) as [y Hy]. exists (fun _ => 0), sample_rows, 0, 2, 3%nat, y, 8%nat.
  destruct (sample_hypotheses 3) as [z Hz]. destruct (Hz 8%nat) as (_ & Ha & _).
  split; [split; [apply Hy | split; [exact Ha|]] | ring]. intros t _. rewrite Rabs_R0. lra.
Qed.
