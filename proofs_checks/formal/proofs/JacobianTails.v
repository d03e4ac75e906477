(** The Jacobian of the feedback mixer: Lemma B.3, Theorem 23, Corollary B.7. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors Powers PowerLaws SoftmaxRows SoftmaxDerivatives.
Open Scope R_scope.

(** A mixture of vectors of norm at most S, with weights that add up to at most 1. *)
Lemma mixture_le {V : NormedModule R_AbsRing} (alpha : nat -> R) (w : nat -> V) (S : R) n : 0 <= S ->
  (forall j, (j < n)%nat -> 0 <= alpha j /\ norm (w j) <= S) -> sum alpha n <= 1 ->
  norm (vsum (fun j => scal (alpha j) (w j)) n) <= S.
Proof.
  intros HS H Hsum. apply Rle_trans with (sum (fun j => alpha j * S) n).
  - apply norm_vsum_le. intros j Hj. destruct (H j Hj). eapply Rle_trans; [apply norm_scal_Rabs|].
    rewrite Rabs_pos_eq by easy. now apply Rmult_le_compat_l.
  - rewrite sum_scal_r. rewrite <- (Rmult_1_l S) at 2. now apply Rmult_le_compat_r.
Qed.

Theorem lem_B_3_holds : lem_B_3.
Proof.
  intros V f s alpha gamma T gmax FR [Hg H].
  assert (Hpos : (0 < T)%nat -> 0 <= gmax /\ 0 <= FR).
  { intros HT. destruct (H O HT) as (_ & Hf & Hgam & _). pose proof (norm_ge_0 (V := V) (f O)). pose proof (Rabs_pos (gamma O)). lra. }
  intros t. induction t as [t IH] using (well_founded_induction lt_wf). intros Ht.
  destruct (Hpos ltac:(lia)) as [g0 F0]. destruct (H t Ht) as (-> & Hf & Hgam & Ha & Hsum).
  assert (I : 0 < / (1 - gmax)) by (apply Rinv_0_lt_compat; lra).
  assert (S0 : 0 <= FR / (1 - gmax)) by (apply Rmult_le_pos; lra).
  eapply Rle_trans; [apply (norm_triangle (V := V))|].
  apply Rle_trans with (FR + gmax * (FR / (1 - gmax))); [|right; field; lra].
  apply Rplus_le_compat; [easy|]. eapply Rle_trans; [apply norm_scal_Rabs|].
  apply Rmult_le_compat; [apply Rabs_pos | apply (norm_ge_0 (V := V)) | easy|].
  apply mixture_le; [easy| |easy]. intros j Hj. split; [now apply Ha | apply IH; lia].
Qed.

Theorem lem_B_3_instance : exists V f s alpha gamma T gmax FR, lem_B_3_hypotheses V f s alpha gamma T gmax FR.
Proof.
  exists R_NormedModule, (fun _ => 1), (fun t => if Nat.eqb t 0 then 1 else 3 / 2), (fun _ _ => 1), (fun _ => 1 / 2), 2%nat, (1 / 2), 1.
  split; [lra|]. intros t Ht. rewrite norm_R, !Rabs_pos_eq by lra.
  destruct t as [|[|t]]; [| |lia]; unfold plus, scal; simpl; unfold mult, plus, zero; simpl; repeat split; intros; lra.
Qed.

(** ** The scalar majorant *)

(** The product of 1 + eta/i over tau < i <= tau + n. *)
Definition growth (eta : R) (tau n : nat) : R := prod (fun i => 1 + eta / INR (tau + 1 + i)) n.

Lemma growth_le eta tau n : 0 <= eta -> 0 < growth eta tau n <= exp eta * Rpower (INR (S n)) eta.
Proof.
  intros He.
  assert (H : 0 < growth eta tau n <= exp (eta * harmonic n)).
  { unfold growth, harmonic. induction n as [|n IH]; [simpl; rewrite Rmult_0_r, exp_0; lra|]. cbn [prod sum].
    pose proof (Rinv_0_lt_compat (INR (tau + 1 + n)) ltac:(apply lt_0_INR; lia)) as P.
    assert (P' : 0 <= eta / INR (tau + 1 + n)) by (apply Rmult_le_pos; lra). split; [apply Rmult_lt_0_compat; lra|].
    rewrite (Rmult_plus_distr_l eta), exp_plus. apply Rmult_le_compat; try lra.
    eapply Rle_trans; [apply exp_ineq1_le|]. apply exp_le_incr. apply Rmult_le_compat_l; [easy|].
    apply Rinv_le_contravar; [apply lt_0_INR; lia | apply le_INR; lia]. }
  split; [easy|]. eapply Rle_trans; [apply H|]. unfold Rpower. rewrite <- exp_plus. apply exp_le_incr.
  rewrite <- (Rmult_1_r eta) at 2. rewrite <- Rmult_plus_distr_l. apply Rmult_le_compat_l; [easy|].
  destruct n as [|n]; [unfold harmonic; simpl; rewrite ln_1; lra|].
  eapply Rle_trans; [apply harmonic_le; lia|]. apply Rplus_le_compat_l, ln_mono.
  split; [apply lt_0_INR; lia | apply le_INR; lia].
Qed.

(** The bound on the derivative of s_t: nothing before tau, A0 at tau, then (A1 + eta A0) growth / t. *)
Definition majorant (eta A0 A1 : R) (tau t : nat) : R :=
  if Nat.ltb t tau then 0 else if Nat.eqb t tau then A0 else (A1 + eta * A0) * growth eta tau (t - S tau) / INR t.

Lemma majorant_sum eta A0 A1 tau n :
  A1 + eta * sum (majorant eta A0 A1 tau) (S tau + n) = (A1 + eta * A0) * growth eta tau n.
Proof.
  induction n as [|n IH].
  - rewrite Nat.add_0_r. cbn [sum]. rewrite sum_all_zero.
    + unfold majorant, growth. simpl. rewrite Nat.ltb_irrefl, Nat.eqb_refl. ring.
    + intros i Hi. unfold majorant. now destruct (Nat.ltb_spec i tau); [|lia].
  - rewrite Nat.add_succ_r. cbn [sum]. rewrite Rmult_plus_distr_l, <- Rplus_assoc, IH.
    unfold majorant at 1. destruct (Nat.ltb_spec (S tau + n) tau); [lia|]. destruct (Nat.eqb_spec (S tau + n) tau); [lia|].
    replace (S tau + n - S tau)%nat with n by lia. unfold growth. cbn [prod]. fold (growth eta tau n).
    replace (tau + 1 + n)%nat with (S tau + n)%nat by lia. field. apply not_0_INR; lia.
Qed.

(** ** One step of the mixer *)

Lemma mixer_step (U V : NormedModule R_AbsRing) (f s : nat -> U -> V) (alpha : nat -> U -> R) (gamma : U -> R) (z : U) (t : nat)
    (df : U -> V) (dgamma : U -> R) (dalpha : nat -> U -> R) (ds : nat -> U -> V) (F G S gmax : R) (asize dsize : nat -> R) :
  (forall u, s t u = plus (f t u) (scal (gamma u) (vsum (fun j => scal (alpha j u) (s j u)) t))) ->
  0 <= S -> Rabs (gamma z) <= gmax -> sum (fun j => alpha j z) t <= 1 ->
  filterdiff (f t) (locally z) df -> opnorm_le df F ->
  filterdiff gamma (locally z) dgamma -> opnorm_le dgamma G ->
  (forall j, (j < t)%nat -> 0 <= alpha j z /\ norm (s j z) <= S
    /\ filterdiff (alpha j) (locally z) (dalpha j) /\ opnorm_le (dalpha j) (asize j)
    /\ filterdiff (s j) (locally z) (ds j) /\ opnorm_le (ds j) (dsize j)) ->
  exists dst, filterdiff (s t) (locally z) dst
    /\ opnorm_le dst (F + (G * S + gmax * (S * sum asize t + sum (fun j => alpha j z * dsize j) t))).
Proof.
  intros Solve S0 Hg Ha Df BF Dg BG H.
  set (mix := vsum (fun j => scal (alpha j z) (s j z)) t).
  assert (Dmix : filterdiff (fun u => vsum (fun j => scal (alpha j u) (s j u)) t) (locally z)
    (fun v => vsum (fun j => plus (scal (dalpha j v) (s j z)) (scal (alpha j z) (ds j v))) t)).
  { apply (filterdiff_vsum (fun j u => scal (alpha j u) (s j u))). intros j Hj. destruct (H j Hj) as (_ & _ & Da & _ & Ds & _).
    apply (filterdiff_scal_fct z (alpha j) (s j) (dalpha j) (ds j) Rmult_comm Da Ds). }
  pose proof (filterdiff_scal_fct z gamma _ dgamma _ Rmult_comm Dg Dmix) as Dscal.
  pose proof (filterdiff_plus_fct (F := locally z) (f t) _ df _ Df Dscal) as D.
  eexists. split; [eapply filterdiff_ext; [|exact D]; intros u; cbv beta; now rewrite Solve|].
  intros v. cbv beta. fold mix. pose proof (norm_ge_0 (V := U) v) as V0.
  eapply Rle_trans; [apply (norm_triangle (V := V))|]. rewrite Rmult_plus_distr_r. apply Rplus_le_compat; [apply BF|].
  eapply Rle_trans; [apply (norm_triangle (V := V))|]. rewrite Rmult_plus_distr_r. apply Rplus_le_compat.
  - (* the gain moves *)
    eapply Rle_trans; [apply norm_scal_Rabs|]. rewrite Rmult_assoc, (Rmult_comm S), <- Rmult_assoc.
    apply Rmult_le_compat; [apply Rabs_pos | apply (norm_ge_0 (V := V)) | apply BG|].
    apply mixture_le; [easy| |easy]. intros j Hj. now destruct (H j Hj) as (? & ? & _).
  - (* the weights and the states before move *)
    eapply Rle_trans; [apply norm_scal_Rabs|]. rewrite Rmult_assoc.
    apply Rmult_le_compat; [apply Rabs_pos | apply (norm_ge_0 (V := V)) | easy|].
    rewrite <- sum_scal, <- sum_plus, <- sum_scal_r. apply norm_vsum_le. intros j Hj.
    destruct (H j Hj) as (a0 & Sj & _ & Ba & _ & Bs). rewrite Rmult_plus_distr_r.
    eapply Rle_trans; [apply (norm_triangle (V := V))|]. apply Rplus_le_compat.
    + eapply Rle_trans; [apply norm_scal_Rabs|]. rewrite (Rmult_comm S), Rmult_assoc, (Rmult_comm S), <- Rmult_assoc.
      apply Rmult_le_compat; [apply Rabs_pos | apply (norm_ge_0 (V := V)) | apply Ba | easy].
    + eapply Rle_trans; [apply norm_scal_Rabs|]. rewrite Rabs_pos_eq, Rmult_assoc by easy. apply Rmult_le_compat_l; [easy | apply Bs].
Qed.

(** ** Theorem 23 *)

Section Theorem23.
Context (U V : NormedModule R_AbsRing) (f : nat -> U -> V) (logit : nat -> nat -> U -> R) (gamma : nat -> U -> R).
Context (s : nat -> U -> V) (z : U) (tau T : nat) (c2 gmax FR Lf0 Lf La0 Lroute Lgamma : R).
Context (H : thm_23_hypotheses U V f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma).
Let alpha := routing_weight logit.
Let eta := gmax * c2.
Let SR := FR / (1 - gmax).
Let A1 := Lf + 2 * gmax * SR * Lroute.
Let A0 := Lf0 + Lgamma * SR + gmax * SR * La0.

Lemma weights_convex t : (0 < t)%nat -> (forall j, (j < t)%nat -> 0 <= alpha t j z) /\ sum (fun j => alpha t j z) t = 1.
Proof. intros Ht. split; [intros j Hj; left; now apply softmax_pos | now apply softmax_sum]. Qed.

Lemma weights_sum t : sum (fun j => alpha t j z) t <= 1.
Proof. destruct t as [|t]; [simpl; lra|]. right. apply weights_convex; lia. Qed.

Lemma gmax_bounds : (0 < T)%nat -> 0 <= gmax < 1 /\ 0 <= SR.
Proof.
  intros HT. destruct H as (_ & _ & Hg1 & _ & Hb & _). destruct (Hb O HT) as [Hg Hf].
  pose proof (Rabs_pos (gamma O z)). pose proof (norm_ge_0 (V := V) (f O z)). split; [lra|].
  apply Rmult_le_pos; [lra | left; apply Rinv_0_lt_compat; lra].
Qed.

Lemma states_bounded t : (t < T)%nat -> norm (s t z) <= SR.
Proof.
  intros Ht. destruct H as (Solve & _ & Hg1 & _ & Hb & _).
  apply (lem_B_3_holds V (fun t => f t z) (fun t => s t z) (fun t j => alpha t j z) (fun t => gamma t z) T gmax FR); [|easy].
  split; [easy|]. intros r Hr. destruct (Hb r Hr). split; [now apply Solve|]. split; [easy|]. split; [easy|].
  split; [intros j Hj; left; now apply softmax_pos | apply weights_sum].
Qed.

(** What is before tau does not move. *)
Lemma state_constant t u : (t < tau)%nat -> (t < T)%nat -> s t u = s t z.
Proof.
  destruct H as (Solve & _ & _ & _ & _ & Causal & _).
  induction t as [t IH] using (well_founded_induction lt_wf). intros Htau Ht.
  rewrite !Solve by easy. destruct (Causal t u Htau Ht) as (-> & -> & Hl). do 2 f_equal.
  apply vsum_ext. intros j Hj. rewrite IH by lia. f_equal.
  unfold routing_weight, softmax. rewrite Hl by easy. f_equal. apply sum_ext. intros i Hi. now rewrite Hl.
Qed.

Lemma A_nonneg : (0 < T)%nat -> 0 <= A0 /\ 0 <= A1.
Proof.
  intros HT. destruct (gmax_bounds HT) as [g S0]. destruct H as (_ & _ & _ & _ & _ & _ & F0 & a0 & g0 & _ & _ & F1 & r0 & _).
  unfold A0, A1. split; repeat (easy || apply Rplus_le_le_0_compat || apply Rmult_le_pos); lra.
Qed.

(** Every state has a derivative below the majorant. *)
Lemma state_derivatives n : (n <= T)%nat -> exists ds : nat -> U -> V, forall t, (t < n)%nat ->
  filterdiff (s t) (locally z) (ds t) /\ opnorm_le (ds t) (majorant eta A0 A1 tau t).
Proof.
  induction n as [|t IH]; intros Hn; [exists (fun _ _ => zero); intros; lia|].
  destruct IH as [ds Hds]; [lia|].
  enough (exists dst, filterdiff (s t) (locally z) dst /\ opnorm_le dst (majorant eta A0 A1 tau t)) as [dst Hdst].
  { exists (fun r => if Nat.eqb r t then dst else ds r). intros r Hr.
    destruct (Nat.eqb_spec r t) as [->|Hne]; [easy|]. apply Hds; lia. }
  destruct (gmax_bounds ltac:(lia)) as [g S0]. destruct (A_nonneg ltac:(lia)) as [A0p A1p].
  pose proof H as (Solve & Hc2 & Hg1 & Heta & Hb & Causal & F0 & a0 & g0 & (df & dgamma & Df & Bf & Dg & Bg) & (da & asize & Sa & Da) & F1 & r0 & Later).
  fold alpha eta in Solve, Hc2, Heta, Da, Later. destruct (Hb t ltac:(lia)) as [Hgam _].
  destruct (lt_eq_lt_dec t tau) as [[Hlt | ->] | Hgt].
  - (* before the source *)
    exists (fun _ => zero). split.
    + apply filterdiff_ext with (fun _ => s t z); [intros u; symmetry; apply state_constant; lia|].
      apply (filterdiff_const (F := locally z) (s t z)).
    + intros v. unfold majorant. destruct (Nat.ltb_spec t tau); [|lia]. rewrite (norm_zero (V := V)); lra.
  - (* at the source *)
    destruct (mixer_step U V f s (alpha tau) (gamma tau) z tau df dgamma da ds Lf0 Lgamma SR gmax asize (fun _ => 0)) as [dst [D B]];
      try easy.
    + intros u; apply Solve; lia.
    + apply weights_sum.
    + intros j Hj. destruct (Da j Hj) as [Dj Bj]. destruct (Hds j Hj) as [Dsj Bsj].
      split; [left; now apply softmax_pos|]. split; [apply states_bounded; lia|].
      split; [exact Dj|]. split; [exact Bj|]. split; [exact Dsj|].
      unfold majorant in Bsj. now destruct (Nat.ltb_spec j tau); [|lia].
    + exists dst. split; [exact D|]. intros v. eapply Rle_trans; [apply B|].
      apply Rmult_le_compat_r; [apply (norm_ge_0 (V := U))|].
      unfold majorant. rewrite Nat.ltb_irrefl, Nat.eqb_refl, (sum_all_zero (fun j => alpha tau j z * 0)) by (intros; ring).
      unfold A0. assert (gmax * (SR * sum asize tau) <= gmax * (SR * La0)); [|lra].
      apply Rmult_le_compat_l; [lra|]. now apply Rmult_le_compat_l.
  - (* after it *)
    destruct (Later t Hgt ltac:(lia)) as (Dgt & (dft & Dft & Bft) & (dlogit & lsize & Sl & Dl)).
    destruct (lem_B_4_holds U t (logit t) z dlogit lsize Dl) as (dat & asizet & Dat & Sat).
    fold (routing_weight logit t) in Dat, Sat. fold alpha in Dat, Sat.
    destruct (mixer_step U V f s (alpha t) (gamma t) z t dft (fun _ => 0) dat ds (Lf / (INR t + 1)) 0 SR gmax asizet
      (majorant eta A0 A1 tau)) as [dst [D B]]; try easy.
    + intros u; apply Solve; lia.
    + apply weights_sum.
    + intros v. rewrite norm_R, Rabs_R0; lra.
    + intros j Hj. destruct (Dat j Hj) as [Dj Bj]. destruct (Hds j Hj) as [Dsj Bsj].
      split; [left; now apply softmax_pos|]. split; [apply states_bounded; lia|].
      split; [exact Dj|]. split; [exact Bj|]. split; [exact Dsj | exact Bsj].
    + exists dst. split; [exact D|]. intros v. eapply Rle_trans; [apply B|].
      apply Rmult_le_compat_r; [apply (norm_ge_0 (V := U))|]. clear D B.
      unfold majorant at 2. destruct (Nat.ltb_spec t tau); [lia|]. destruct (Nat.eqb_spec t tau); [lia|].
      rewrite <- majorant_sum. replace (S tau + (t - S tau))%nat with t by lia.
      assert (Ht0 : 0 < INR t) by (apply lt_0_INR; lia).
      assert (I : 0 < / INR t) by now apply Rinv_0_lt_compat.
      assert (I1 : 0 < / (INR t + 1) <= / INR t) by (split; [apply Rinv_0_lt_compat; lra | apply Rinv_le_contravar; lra]).
      assert (Maj : forall j, 0 <= majorant eta A0 A1 tau j).
      { intros j. unfold majorant. destruct (Nat.ltb j tau); [lra|]. destruct (Nat.eqb_spec j tau); [easy|].
        destruct j as [|j]; [unfold Rdiv; simpl; rewrite Rinv_0; lra|].
        pose proof (growth_le eta tau (S j - S tau) ltac:(lra)). repeat apply Rmult_le_pos; try lra.
        - assert (0 <= eta * A0) by (apply Rmult_le_pos; lra). lra.
        - left; apply Rinv_0_lt_compat, lt_0_INR; lia. }
      assert (Mix : sum (fun j => alpha t j z * majorant eta A0 A1 tau j) t <= c2 / INR t * sum (majorant eta A0 A1 tau) t).
      { rewrite <- sum_scal. apply sum_le. intros j Hj. apply Rmult_le_compat_r; [apply Maj | apply Hc2; lia]. }
      assert (Route : sum asizet t <= 2 * (Lroute / (INR t + 1))).
      { eapply Rle_trans; [exact Sat|]. apply Rmult_le_compat_l; [lra | exact Sl]. }
      apply Rle_trans with (Lf / (INR t + 1) + (0 * SR + gmax * (SR * (2 * (Lroute / (INR t + 1)))
        + c2 / INR t * sum (majorant eta A0 A1 tau) t))).
      * apply Rplus_le_compat_l, Rplus_le_compat_l, Rmult_le_compat_l; [lra|].
        apply Rplus_le_compat; [now apply Rmult_le_compat_l | exact Mix].
      * apply Rle_trans with (A1 * / (INR t + 1) + eta * sum (majorant eta A0 A1 tau) t * / INR t);
          [right; unfold A1, eta, Rdiv; ring|].
        unfold Rdiv. rewrite Rmult_plus_distr_r. apply Rplus_le_compat_r. apply Rmult_le_compat_l; lra.
Qed.

(** The majorant's constant is below the paper's. *)
Lemma majorant_le_tail lag : (0 < T)%nat -> (1 <= lag)%nat ->
  majorant eta A0 A1 tau (tau + lag) <= thm_23_tail c2 gmax FR Lf0 Lf La0 Lroute Lgamma lag.
Proof.
  intros HT Hlag. destruct (gmax_bounds HT) as [g S0]. destruct (A_nonneg HT) as [A0p A1p].
  assert (Heta : 0 < eta < 1) by apply H.
  unfold majorant. destruct (Nat.ltb_spec (tau + lag) tau); [lia|]. destruct (Nat.eqb_spec (tau + lag) tau); [lia|].
  replace (tau + lag - S tau)%nat with (lag - 1)%nat by lia.
  destruct (growth_le eta tau (lag - 1) ltac:(lra)) as [G0 G]. replace (S (lag - 1)) with lag in G by lia.
  pose proof (INR_pos lag Hlag) as L1. assert (W0 : 0 <= eta * A0) by (apply Rmult_le_pos; lra).
  (* 1/t <= 1/lag *)
  apply Rle_trans with ((A1 + eta * A0) * (exp eta * Rpower (INR lag) (- (1 - eta)))).
  { replace (- (1 - eta)) with (eta - 1) by ring.
    replace (Rpower (INR lag) (eta - 1)) with (Rpower (INR lag) eta * / INR lag) by (rewrite <- (Rpower_S (INR lag) eta) by lra; field; lra).
    unfold Rdiv. rewrite Rmult_assoc. apply Rmult_le_compat_l; [lra|]. rewrite <- Rmult_assoc.
    apply Rmult_le_compat; [lra | left; apply Rinv_0_lt_compat, lt_0_INR; lia | exact G|].
    apply Rinv_le_contravar; [lra | apply le_INR; lia]. }
  unfold thm_23_tail, thm_23_constant. fold eta SR. fold A1. fold A0. rewrite <- Rmult_assoc.
  pose proof (proj1 (ln_lag lag Hlag)). pose proof ln_2_pos.
  set (M := Rmax 1 (eta * exp eta)). set (Cb := Rpower 2 (1 - eta) + Rpower 2 (1 - eta) / (1 - (1 - eta))).
  assert (M1 : 1 <= M) by apply Rmax_l. assert (M2 : eta * exp eta <= M) by apply Rmax_r.
  assert (Cb0 : / eta <= Cb).
  { unfold Cb. replace (1 - (1 - eta)) with eta by ring.
    assert (1 <= Rpower 2 (1 - eta)) by (apply Rle_trans with (Rpower 2 0); [rewrite Rpower_O; lra | apply Rle_Rpower; lra]).
    pose proof (Rinv_0_lt_compat eta ltac:(lra)). unfold Rdiv. nra. }
  assert (Const : (A1 + eta * A0) * exp eta <= M * (A0 + (1 + Cb) * A1)).
  { assert (E : exp eta <= M * Cb).
    { apply Rle_trans with ((eta * exp eta) * / eta); [right; field; lra|].
      pose proof (exp_pos eta). apply Rmult_le_compat; try lra; [nra | left; apply Rinv_0_lt_compat; lra]. }
    pose proof (exp_pos eta). nra. }
  pose proof (Rpower_pos (INR lag) (- (1 - eta))) as P.
  apply Rle_trans with (M * (A0 + (1 + Cb) * A1) * Rpower (INR lag) (- (1 - eta)) * 1).
  - rewrite Rmult_1_r. apply Rmult_le_compat_r; [lra | exact Const].
  - apply Rmult_le_compat_l; [|lra]. apply Rmult_le_pos; [|lra].
    eapply Rle_trans; [|exact Const]. apply Rmult_le_pos; [lra | left; apply exp_pos].
Qed.
End Theorem23.

Theorem thm_23_holds : thm_23.
Proof.
  intros U V f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma H t Htau Ht.
  destruct (state_derivatives _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ H (S t) ltac:(lia)) as [ds Hds].
  destruct (Hds t ltac:(lia)) as [D B]. exists (ds t). split; [exact D|]. intros v. eapply Rle_trans; [apply B|].
  apply Rmult_le_compat_r; [apply (norm_ge_0 (V := U))|].
  pose proof (majorant_le_tail _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ H (t - tau) ltac:(lia) ltac:(lia)) as M.
  replace (tau + (t - tau))%nat with t in M by lia. exact M.
Qed.

(** What a bound on the state's derivative says of the block's output. *)
Lemma through_gate {U V Y : NormedModule R_AbsRing} (s ds : U -> V) (z : U) (gate : V -> V) (W : V -> Y) (x b : Y) (size GR Wnorm : R) :
  is_linear gate -> is_linear W -> 0 <= GR -> 0 <= Wnorm -> opnorm_le gate GR -> opnorm_le W Wnorm ->
  filterdiff s (locally z) ds -> opnorm_le ds size ->
  exists dy, filterdiff (fun u => plus (plus x (W (gate (s u)))) b) (locally z) dy /\ opnorm_le dy (Wnorm * GR * size).
Proof.
  intros Lg LW G0 W0 Bg BW D B. exists (fun v => W (gate (ds v))). split.
  - pose proof (filterdiff_comp' s gate z ds gate D (filterdiff_linear gate Lg)) as D1.
    pose proof (filterdiff_comp' (fun u => gate (s u)) W z _ W D1 (filterdiff_linear W LW)) as D2.
    eapply filterdiff_ext_lin.
    + apply (filterdiff_plus_fct (F := locally z) (fun u => plus x (W (gate (s u)))) (fun _ => b)).
      * apply (filterdiff_plus_fct (F := locally z) (fun _ => x) (fun u => W (gate (s u)))); [|exact D2].
        apply (filterdiff_const (F := locally z) x).
      * apply (filterdiff_const (F := locally z) b).
    + intros v. cbv beta. now rewrite plus_zero_l, plus_zero_r.
  - intros v. eapply Rle_trans; [apply BW|]. rewrite !Rmult_assoc. apply Rmult_le_compat_l; [easy|].
    eapply Rle_trans; [apply Bg|]. now apply Rmult_le_compat_l, B.
Qed.

Theorem cor_B_7_holds : cor_B_7.
Proof.
  intros U V Y f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma gate W GR Wnorm
    (H & Lg & LW & G0 & W0 & Bg & BW) t x b Htau Ht.
  destruct (thm_23_holds _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ H t Htau Ht) as [ds [D B]]. now apply through_gate with ds.
Qed.
