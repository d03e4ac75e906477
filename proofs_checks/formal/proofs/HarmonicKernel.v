(** Powers of the harmonic kernel: Lemma H.1 and its sharper form. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors Powers PowerLaws.
Open Scope R_scope.

(** y^k - x^k >= k (y - x) x^(k-1), for 0 <= x <= y. *)
Lemma pow_tangent x y k : 0 <= x <= y -> INR (S k) * ((y - x) * x ^ k) <= y ^ S k - x ^ S k.
Proof.
  intros H. induction k as [|k IH]; [simpl; lra|].
  assert (P : 0 <= x ^ S k) by (apply pow_le; lra).
  assert (Q : 0 <= INR (S k) * ((y - x) * x ^ k)).
  { apply Rmult_le_pos; [apply pos_INR|]. apply Rmult_le_pos; [lra|]. apply pow_le; lra. }
  rewrite S_INR. change (y ^ S (S k)) with (y * y ^ S k). change (x ^ S (S k)) with (x * x ^ S k).
  assert (x * (INR (S k) * ((y - x) * x ^ k)) = INR (S k) * ((y - x) * x ^ S k)) by (simpl; ring).
  nra.
Qed.

Lemma harmonic_kernel_before t tau : (t <= tau)%nat -> harmonic_kernel t tau = 0.
Proof. intros H. unfold harmonic_kernel. now destruct (Nat.ltb_spec tau t); [lia|]. Qed.

Lemma harmonic_kernel_after t tau : (tau < t)%nat -> harmonic_kernel t tau = / (INR t + 1).
Proof. intros H. unfold harmonic_kernel. now destruct (Nat.ltb_spec tau t); [|lia]. Qed.

(** A step of the kernel is a sum over the lags before. *)
Lemma harmonic_power_S k tau lag :
  kernel_power harmonic_kernel (S k) (tau + lag) tau
  = / (INR (tau + lag) + 1) * sum (fun i => kernel_power harmonic_kernel k (tau + i) tau) lag.
Proof.
  cbn [kernel_power]. unfold kernel_product. replace (S (tau + lag) - tau)%nat with (S lag) by lia. cbn [sum].
  rewrite (harmonic_kernel_before (tau + lag) (tau + lag)) by lia. rewrite Rmult_0_l, Rplus_0_r, <- sum_scal.
  apply sum_ext. intros i Hi. now rewrite harmonic_kernel_after by lia.
Qed.

(** By induction over the power: sums of (x_(i+1) - x_i) x_i^(k-1) are below x^k / k, x_i = H_(tau+i) - H_(tau+1). *)
Lemma sharp_harmonic k tau lag : (1 <= lag)%nat ->
  kernel_power harmonic_kernel (S k) (tau + lag) tau
  <= / (INR (tau + lag) + 1) * ((harmonic (tau + lag) - harmonic (S tau)) ^ k / INR (fact k)).
Proof.
  set (x := fun l => harmonic (tau + l) - harmonic (S tau)).
  assert (xS : forall l, x (S l) - x l = / (INR (tau + l) + 1)).
  { intros l. unfold x. rewrite Nat.add_succ_r. change (harmonic (S (tau + l))) with (harmonic (tau + l) + / INR (S (tau + l))).
    rewrite S_INR. ring. }
  assert (Den : forall l, 0 < / (INR (tau + l) + 1)).
  { intros l. apply Rinv_0_lt_compat. pose proof (pos_INR (tau + l)). lra. }
  assert (x0 : forall l, (1 <= l)%nat -> 0 <= x l).
  { intros l Hl. induction Hl as [|l Hl IH]; [unfold x; rewrite Nat.add_1_r; lra|]. pose proof (xS l). pose proof (Den l). lra. }
  revert lag. induction k as [|k IH]; intros lag Hlag; rewrite harmonic_power_S; fold (x lag);
    (apply Rmult_le_compat_l; [left; apply Den|]).
  - destruct lag as [|l]; [lia|]. rewrite sum_first, sum_all_zero.
    + cbn [kernel_power]. rewrite Nat.add_0_r, Nat.eqb_refl. simpl. lra.
    + intros i Hi. cbn [kernel_power]. now destruct (Nat.eqb_spec (tau + S i) tau); [lia|].
  - destruct lag as [|l]; [lia|]. rewrite sum_first.
    replace (kernel_power harmonic_kernel (S k) (tau + 0) tau) with 0 by (rewrite harmonic_power_S; simpl; ring).
    rewrite Rplus_0_l.
    apply Rle_trans with (sum (fun i => x (S (S i)) ^ S k / INR (fact (S k)) - x (S i) ^ S k / INR (fact (S k))) l).
    + apply sum_le. intros i Hi. eapply Rle_trans; [apply IH; lia|]. fold (x (S i)). rewrite <- xS.
      pose proof (xS (S i)) as Step. pose proof (Den (S i)) as P. pose proof (x0 (S i) ltac:(lia)) as X.
      pose proof (pow_tangent (x (S i)) (x (S (S i))) k ltac:(lra)) as T.
      pose proof (INR_fact_lt_0 k) as F. pose proof (lt_0_INR (S k) ltac:(lia)) as SK.
      rewrite fact_simpl, mult_INR. apply Rmult_le_reg_l with (INR (S k) * INR (fact k)); [now apply Rmult_lt_0_compat|].
      field_simplify; [|lra|lra]. lra.
    + rewrite (sum_telescope (fun i => x (S i) ^ S k / INR (fact (S k)))).
      assert (0 <= x 1%nat ^ S k / INR (fact (S k))); [|lra].
      apply Rmult_le_pos; [apply pow_le, x0; lia | left; apply Rinv_0_lt_compat, INR_fact_lt_0].
Qed.

Lemma harmonic_step_nonneg m l : harmonic m <= harmonic (m + l).
Proof.
  induction l as [|l IH]; [rewrite Nat.add_0_r; lra|]. rewrite Nat.add_succ_r.
  change (harmonic (S (m + l))) with (harmonic (m + l) + / INR (S (m + l))).
  pose proof (Rinv_0_lt_compat (INR (S (m + l))) ltac:(apply lt_0_INR; lia)). lra.
Qed.

(** H_t - H_(tau+1) is at most log(t / (tau + 1)), hence at most log of the lag. *)
Lemma harmonic_difference tau lag : (1 <= lag)%nat ->
  0 <= harmonic (tau + lag) - harmonic (S tau) <= ln (INR lag).
Proof.
  intros Hlag. split.
  { pose proof (harmonic_step_nonneg (S tau) (lag - 1)) as N. replace (S tau + (lag - 1))%nat with (tau + lag)%nat in N by lia. lra. }
  apply Rle_trans with (ln (INR (tau + lag)) - ln (INR (S tau))).
  - induction Hlag as [|lag Hlag IH]; [rewrite Nat.add_1_r; lra|]. rewrite Nat.add_succ_r.
    change (harmonic (S (tau + lag))) with (harmonic (tau + lag) + / INR (S (tau + lag))).
    pose proof (ln_step (tau + lag) ltac:(lia)). lra.
  - pose proof (INR_pos lag Hlag). pose proof (INR_pos (S tau) ltac:(lia)).
    assert (L : ln (INR (tau + lag)) <= ln (INR (S tau) * INR lag)).
    { apply ln_mono. split; [apply lt_0_INR; lia|]. rewrite <- mult_INR. apply le_INR. nia. }
    rewrite ln_mult in L by lra. lra.
Qed.

(** One stop between the source and t: both sides are the same sum. *)
Lemma harmonic_square tau lag : (1 <= lag)%nat ->
  kernel_power harmonic_kernel 2 (tau + lag) tau = / (INR (tau + lag) + 1) * (harmonic (tau + lag) - harmonic (S tau)).
Proof.
  intros Hlag. rewrite harmonic_power_S. f_equal.
  induction Hlag as [|lag Hlag IH].
  - cbn [sum]. rewrite harmonic_power_S, Nat.add_1_r. cbn [sum]. ring.
  - cbn [sum]. rewrite IH, Nat.add_succ_r. change (harmonic (S (tau + lag))) with (harmonic (tau + lag) + / INR (S (tau + lag))).
    rewrite harmonic_power_S. destruct lag as [|l]; [lia|]. rewrite sum_first, sum_all_zero.
    + cbn [kernel_power]. rewrite Nat.add_0_r, Nat.eqb_refl, S_INR. ring.
    + intros i Hi. cbn [kernel_power]. now destruct (Nat.eqb_spec (tau + S i) tau); [lia|].
Qed.

Theorem ours_nested_harmonic_holds : ours_nested_harmonic.
Proof.
  intros k t tau Hk Ht. cbv zeta. destruct k as [|k]; [lia|]. replace (S k - 1)%nat with k by lia.
  pose proof (sharp_harmonic k tau (t - tau) ltac:(lia)) as B. replace (tau + (t - tau))%nat with t in B by lia.
  split; [exact B|]. split.
  - intros H2. destruct k as [|[|k]]; [| |lia].
    + pose proof (harmonic_power_S 0 tau (t - tau)) as E. replace (tau + (t - tau))%nat with t in E by lia. rewrite E. f_equal.
      destruct (t - tau)%nat as [|l] eqn:El; [lia|]. rewrite sum_first, sum_all_zero.
      * cbn [kernel_power]. rewrite Nat.add_0_r, Nat.eqb_refl. simpl. field.
      * intros i Hi. cbn [kernel_power]. now destruct (Nat.eqb_spec (tau + S i) tau); [lia|].
    + pose proof (harmonic_square tau (t - tau) ltac:(lia)) as E. replace (tau + (t - tau))%nat with t in E by lia.
      rewrite E. simpl. field. pose proof (pos_INR t). lra.
  - eapply Rle_trans; [exact B|]. rewrite Rmult_comm. pose proof (INR_fact_lt_0 k) as F.
    destruct (harmonic_difference tau (t - tau) ltac:(lia)) as [D0 D1]. replace (tau + (t - tau))%nat with t in D0, D1 by lia.
    apply Rmult_le_compat.
    + apply Rmult_le_pos; [now apply pow_le | left; now apply Rinv_0_lt_compat].
    + left; apply Rinv_0_lt_compat. pose proof (pos_INR t). lra.
    + apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|]. now apply pow_incr.
    + apply Rinv_le_contravar; [pose proof (pos_INR (t - tau)); lra|]. rewrite Rplus_comm. apply Rplus_le_compat_r, le_INR; lia.
Qed.

Theorem lem_H_1_holds : lem_H_1.
Proof.
  assert (Main : forall k t tau, (1 <= k)%nat -> (tau < t)%nat ->
    kernel_power harmonic_kernel k t tau <= / (INR t + 1) * (harmonic t ^ (k - 1) / INR (fact (k - 1)))).
  { intros k t tau Hk Ht. eapply Rle_trans; [exact (proj1 (ours_nested_harmonic_holds k t tau Hk Ht))|].
    apply Rmult_le_compat_l; [left; apply Rinv_0_lt_compat; pose proof (pos_INR t); lra|].
    apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat, INR_fact_lt_0|].
    pose proof (harmonic_step_nonneg (S tau) (t - S tau)). pose proof (harmonic_step_nonneg 0 (S tau)).
    replace (S tau + (t - S tau))%nat with t in H by lia. change (harmonic 0) with 0 in H0. simpl Nat.add in H0.
    apply pow_incr; lra. }
  split; [exact Main|]. intros k Hk. exists ((1 + / ln 2) ^ (k - 1)). intros t tau Ht.
  eapply Rle_trans; [now apply Main|].
  pose proof ln_2_pos as L2. destruct (ln_lag t ltac:(lia)) as [La Lb]. pose proof (harmonic_le t ltac:(lia)) as Ht'.
  assert (H0 : 0 <= harmonic t) by apply (harmonic_step_nonneg 0 t).
  assert (I2 : 0 < / ln 2) by now apply Rinv_0_lt_compat.
  (* H_t <= 1 + log t <= (1 + 1/log 2) log(1 + t) *)
  assert (Hlog : harmonic t <= (1 + / ln 2) * ln (1 + INR t)).
  { apply (Rmult_le_compat_l (/ ln 2)) in La; [|lra]. rewrite Rinv_l in La by lra. lra. }
  rewrite Rmult_comm. unfold Rdiv at 2. rewrite <- Rmult_assoc, <- Rpow_mult_distr, (Rplus_comm (INR t)).
  apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; pose proof (pos_INR t); lra|].
  apply Rle_trans with (harmonic t ^ (k - 1)); [|now apply pow_incr].
  rewrite <- (Rmult_1_r (harmonic t ^ (k - 1))) at 2. apply Rmult_le_compat_l; [now apply pow_le|].
  rewrite <- Rinv_1. apply Rinv_le_contravar; [lra|]. apply (le_INR 1), lt_O_fact.
Qed.
