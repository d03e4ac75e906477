(** Horizon-uniform decay (Corollaries 4.7 and H.2), and what it forbids (Proposition 13). *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors Powers PowerLaws PathSums Depth DeepEnvelopes.
Open Scope R_scope.

Lemma one_plus_lag lag : 1 <= 1 + INR lag.
Proof. pose proof (pos_INR lag). lra. Qed.

(** (1 + lag)^(-delta) tends to 0. *)
Lemma power_vanishes delta : 0 < delta -> is_lim_seq (fun n => Rpower (1 + INR n) (- delta)) 0.
Proof.
  intros Hd. apply is_lim_seq_spec. intros eps. destruct (nfloor_ex (Rpower eps (- / delta))) as [n0 [_ Hn0]].
  { left; apply Rpower_pos. }
  exists n0. intros n Hn. rewrite Rminus_0_r, Rabs_pos_eq by (left; apply Rpower_pos).
  apply le_INR in Hn. pose proof (Rpower_pos eps (- / delta)) as P.
  apply Rlt_le_trans with (Rpower (Rpower eps (- / delta)) (- delta)).
  - unfold Rpower at 1 2. apply exp_increasing. rewrite !(Ropp_mult_distr_l_reverse delta). apply Ropp_lt_contravar, Rmult_lt_compat_l; [easy|].
    apply ln_increasing; lra.
  - rewrite Rpower_mult. replace (- / delta * - delta) with 1 by (field; lra). rewrite Rpower_1; [lra | apply eps].
Qed.

Lemma exp_pow x n : exp x ^ n = exp (INR n * x).
Proof.
  induction n as [|n IH]; [simpl; now rewrite Rmult_0_l, exp_0|].
  rewrite S_INR. cbn [pow]. rewrite IH, <- exp_plus. f_equal; ring.
Qed.

(** Any power of the logarithm is below any power of 1 + lag, up to a constant. *)
Lemma log_power m delta : 0 < delta ->
  exists F, 0 < F /\ forall lag, (1 + ln (1 + INR lag)) ^ m <= F * Rpower (1 + INR lag) delta.
Proof.
  intros Hd. set (s := delta / (INR m + 1)). assert (M1 : 0 < INR m + 1) by (pose proof (pos_INR m); lra).
  assert (Hs : 0 < s) by now apply Rdiv_lt_0_compat.
  assert (Is : 0 < / s) by now apply Rinv_0_lt_compat.
  exists ((1 + / s) ^ m). split; [apply pow_lt; lra|]. intros lag. pose proof (one_plus_lag lag) as Y. set (y := 1 + INR lag) in *.
  assert (P1 : 1 <= Rpower y s) by (rewrite <- (Rpower_O y) by lra; apply Rle_Rpower; lra).
  assert (L0 : 0 <= ln y) by (rewrite <- ln_1; apply ln_mono; lra).
  (* s log y = log y^s <= y^s *)
  assert (Ls : ln y <= / s * Rpower y s).
  { pose proof (ln_le_minus_1 (Rpower y s) (Rpower_pos y s)) as B. unfold Rpower at 1 in B. rewrite ln_exp in B.
    apply (Rmult_le_compat_l (/ s)) in B; [|lra]. rewrite <- Rmult_assoc, Rinv_l, Rmult_1_l in B by lra.
    rewrite Rmult_minus_distr_l in B. lra. }
  apply Rle_trans with (((1 + / s) * Rpower y s) ^ m); [apply pow_incr; lra|].
  rewrite Rpow_mult_distr. apply Rmult_le_compat_l; [apply pow_le; lra|].
  rewrite <- Rpower_INR_pow. apply Rle_Rpower; [easy|].
  apply Rle_trans with ((INR m + 1) * s); [apply Rmult_le_compat_r; lra|]. unfold s. right; field; lra.
Qed.

(** A nonnegative rate that is eventually below a multiple of a vanishing power vanishes. *)
Lemma rate_vanishes rate c delta : 0 < delta -> (forall n, (1 <= n)%nat -> 0 <= rate n <= c * Rpower (1 + INR n) (- delta)) ->
  is_lim_seq rate 0.
Proof.
  intros Hd H. apply (is_lim_seq_le_le_loc (fun _ => 0) _ (fun n => c * Rpower (1 + INR n) (- delta))).
  - exists 1%nat. exact H.
  - apply is_lim_seq_const.
  - replace (Finite 0) with (Rbar_mult c 0) by (simpl; now rewrite Rmult_0_r). apply is_lim_seq_scal_l. now apply power_vanishes.
Qed.

Lemma dilution_vanishes N : is_lim_seq (dilution_rate N) 0.
Proof.
  destruct (log_power (N - 1) (1 / 2)) as (F & F0 & HF); [lra|].
  apply (rate_vanishes _ F (1 / 2)); [lra|]. intros n Hn. pose proof (one_plus_lag n) as Y. specialize (HF n).
  assert (L0 : 0 <= ln (1 + INR n)) by (rewrite <- ln_1; apply ln_mono; lra).
  unfold dilution_rate. split.
  - apply Rmult_le_pos; [now apply pow_le | left; apply Rinv_0_lt_compat; lra].
  - apply Rmult_le_reg_r with (1 + INR n); [lra|]. unfold Rdiv. rewrite (Rmult_assoc (_ ^ _)), Rinv_l, Rmult_1_r by lra.
    apply Rle_trans with ((1 + ln (1 + INR n)) ^ (N - 1)); [apply pow_incr; lra|].
    eapply Rle_trans; [exact HF|]. rewrite Rmult_assoc. apply Rmult_le_compat_l; [lra|].
    right. rewrite <- (Rpower_1 (1 + INR n)) at 3 by lra. rewrite <- Rpower_plus. f_equal. lra.
Qed.

(** y^(m+1) <= K^(m+1) e^(c y) for K = (m+1)/c, because y <= K e^(y/K). *)
Lemma forgetting_vanishes c N : 0 < c -> is_lim_seq (forgetting_rate c N) 0.
Proof.
  intros Hc. set (m := (N - 1)%nat). set (K := INR (S m) / c).
  assert (K0 : 0 < K) by (apply Rdiv_lt_0_compat; [apply lt_0_INR; lia | easy]).
  apply (rate_vanishes _ (K ^ S m * exp c) 1); [lra|]. intros n _. pose proof (one_plus_lag n) as Y.
  unfold forgetting_rate. fold m. set (y := 1 + INR n) in *. split.
  - apply Rmult_le_pos; [apply pow_le; lra | left; apply exp_pos].
  - assert (B : y <= K * exp (y / K)).
    { pose proof (exp_ineq1_le (y / K)) as E. apply (Rmult_le_compat_l K) in E; [|lra].
      replace (K * (1 + y / K)) with (K + y) in E by (field; lra). lra. }
    assert (Pow : y ^ S m <= K ^ S m * exp (c * y)).
    { replace (exp (c * y)) with (exp (y / K) ^ S m).
      - rewrite <- Rpow_mult_distr. apply pow_incr. lra.
      - rewrite exp_pow. f_equal. unfold K. field. split; [lra|]. apply not_0_INR; lia. }
    rewrite Rpower_Ropp, Rpower_1 by lra. apply Rmult_le_reg_r with y; [lra|].
    rewrite (Rmult_assoc (K ^ S m * exp c)), Rinv_l, Rmult_1_r by lra.
    replace (y ^ m * exp (- (c * INR n)) * y) with (y ^ S m * exp (- (c * INR n))) by (simpl; ring).
    apply Rle_trans with (K ^ S m * exp (c * y) * exp (- (c * INR n))).
    + apply Rmult_le_compat_r; [left; apply exp_pos | exact Pow].
    + rewrite Rmult_assoc, <- exp_plus. right. do 2 f_equal. unfold y. ring.
Qed.

Lemma heavy_tail_vanishes beta N : 0 < beta < 1 -> INR N * (1 - beta) < 1 -> is_lim_seq (heavy_tail_rate beta N) 0.
Proof.
  intros Hb HN. set (delta := 1 - INR N * (1 - beta)). assert (Hd : 0 < delta) by (unfold delta; lra).
  destruct (log_power N (delta / 2)) as (F & F0 & HF); [lra|].
  apply (rate_vanishes _ (INR N * (Rpower 2 delta * F)) (delta / 2)); [lra|]. intros n Hn. pose proof (one_plus_lag n) as Y.
  pose proof (INR_pos n Hn) as N1. specialize (HF n).
  assert (L0 : 0 <= ln (1 + INR n)) by (rewrite <- ln_1; apply ln_mono; lra). split.
  - apply sum_nonneg. intros i Hi. apply Rmult_le_pos; [left; apply Rpower_pos | apply pow_le; lra].
  - eapply Rle_trans; [now apply heavy_tail_last|]. rewrite Rmult_assoc. apply Rmult_le_compat_l; [apply pos_INR|].
    replace (INR N * (1 - beta) - 1) with (- delta) by (unfold delta; ring).
    (* lag >= (1 + lag) / 2 *)
    assert (Half : Rpower (INR n) (- delta) <= Rpower 2 delta * Rpower (1 + INR n) (- delta)).
    { replace (Rpower 2 delta) with (Rpower (/ 2) (- delta)).
      - rewrite Rpower_mult_distr by lra. apply Rpower_anti; lra.
      - rewrite <- (Rpower_1 2) at 1 by lra. rewrite <- Rpower_Ropp, Rpower_mult. f_equal; ring. }
    apply Rle_trans with (Rpower 2 delta * Rpower (1 + INR n) (- delta) * (F * Rpower (1 + INR n) (delta / 2))).
    + apply Rmult_le_compat; [left; apply Rpower_pos | apply pow_le; lra | exact Half | exact HF].
    + right. replace (- (delta / 2)) with (- delta + delta / 2) by field. rewrite Rpower_plus. ring.
Qed.

Theorem cor_4_7_holds : cor_4_7.
Proof.
  intros N d lambda a HN Ha. split; [|split].
  - split; [now apply prop_32_holds | apply dilution_vanishes].
  - intros c cstar Hc Hcn. split; [apply prop_33_holds; auto | now apply forgetting_vanishes].
  - intros beta Hb. split; [now apply prop_34_holds | now apply heavy_tail_vanishes].
Qed.

Theorem cor_H_2_holds : cor_H_2.
Proof. exact cor_4_7_holds. Qed.

(** A score is at most the norm of the Jacobian block, which vanishes; the profile would keep it above a constant. *)
Lemma no_profile V N tau_max nu F x d lambda envelope rate : 0 <= nu ->
  deep_bound N d lambda envelope rate -> is_lim_seq rate 0 ->
  prop_13_hypotheses V N tau_max F x d lambda envelope -> ~ realises_profile V N tau_max nu F x.
Proof.
  intros Hnu [C [C0 Bound]] Lim Hyp [cminus [Hc Profile]].
  assert (Small : forall lag, (1 <= lag)%nat -> cminus <= C * rate lag).
  { intros lag Hlag. destruct (Hyp lag O Hlag ltac:(lia)) as (J & K & H31 & HK).
    destruct (Profile lag O Hlag ltac:(lia)) as (c & rho & score & Nc & Nrho & Score & Margin).
    destruct (Bound V _ _ _ J K H31 HK O lag c Hlag ltac:(lia)) as [dh [D B]].
    specialize (Margin lag Hlag ltac:(lia)). cbv zeta in Margin. simpl Nat.add in Margin, D.
    rewrite (Score lag O dh ltac:(lia) ltac:(lia) D) in Margin.
    assert (Others : 0 <= sum (fun tau => if Nat.eqb tau 0 then 0 else Rabs (score lag tau)) lag).
    { apply sum_nonneg. intros tau _. destruct (Nat.eqb tau 0); [lra | apply Rabs_pos]. }
    assert (One : 1 <= Rpower (1 + INR lag) nu).
    { pose proof (one_plus_lag lag). apply Rle_trans with (Rpower (1 + INR lag) 0); [rewrite Rpower_O; lra | now apply Rle_Rpower]. }
    specialize (Nrho lag dh). rewrite norm_R in Nrho. pose proof (Rle_abs (rho lag dh)).
    pose proof (norm_ge_0 (V := V) dh) as D0. pose proof (norm_ge_0 (V := V) c) as C1.
    assert (Keep : cminus <= norm dh) by nra.
    (* the bound is positive, so |c| <= 1 makes it no larger *)
    assert (Pos : 0 < C * rate lag) by nra. nra. }
  apply is_lim_seq_spec in Lim. assert (E : 0 < cminus / (C + 1)) by (apply Rdiv_lt_0_compat; lra).
  destruct (Lim (mkposreal _ E)) as [n0 Hn0]. simpl in Hn0.
  specialize (Hn0 (S n0) ltac:(lia)). specialize (Small (S n0) ltac:(lia)). rewrite Rminus_0_r in Hn0.
  pose proof (Rle_abs (rate (S n0))). assert (C * rate (S n0) <= C * (cminus / (C + 1))) by (apply Rmult_le_compat_l; lra).
  assert (C * (cminus / (C + 1)) = cminus - cminus / (C + 1)) by (field; lra). lra.
Qed.

Theorem prop_13_holds : prop_13.
Proof.
  intros V N tau_max nu F x d lambda a HN Hnu Ha. split.
  - apply (no_profile V N tau_max nu F x d lambda (dilution a) (dilution_rate N) Hnu); [now apply prop_32_holds | apply dilution_vanishes].
  - intros c cstar Hc Hcn.
    apply (no_profile V N tau_max nu F x d lambda (forgetting a c) (forgetting_rate cstar N) Hnu);
      [apply prop_33_holds; auto | now apply forgetting_vanishes].
Qed.

(** Three blocks of residual uniform attention satisfy the hypotheses at every horizon, with K = 1/(t + 1). *)
Theorem prop_13_instance : exists V N tau_max F x d lambda a,
  (1 <= N)%nat /\ (forall n, (n < N)%nat -> 0 <= a n) /\ prop_13_hypotheses V N tau_max F x d lambda (dilution a).
Proof.
  exists R_NormedModule, 3%nat, 2%nat, (fun _ _ _ => residual_mean 0), (fun _ _ j => INR j), (fun _ => 1), (fun _ => 1), (fun _ => 1).
  split; [lia|]. split; [intros; lra|]. intros H tau_star _ _.
  exists (fun _ t j w => if Nat.eqb j t then w else w / (INR t + 1)), (fun _ t j => / (INR t + 1)).
  split; [apply residual_mean_stack|]. intros n t j _ _ _. unfold dilution. lra.
Qed.
