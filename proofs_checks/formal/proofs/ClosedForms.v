(** Proposition 29, Corollaries F.2 and F.3, Remark F.4, and the best constants of uniform routing. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Powers GammaLimit GammaFunction ImpulseResponse PolynomialDecay UniformRouting.
Open Scope R_scope.

Theorem prop_29_holds : prop_29.
Proof.
  intros gamma y [Hg Hy] t Ht. pose proof (source_factor_pos gamma 0 ltac:(lra)) as P. rewrite source_factor_0 in P.
  assert (E : y t = gamma / Gamma (1 + gamma) * target_factor gamma t)
    by (rewrite (closed_form gamma 0 y t ltac:(lra) Hy) by lia; now rewrite source_factor_0).
  assert (0 <= gamma / Gamma (1 + gamma)) by (unfold Rdiv; nra).
  split; [exact E | rewrite E; split; apply Rmult_le_compat_l; try easy].
  - apply target_lower; (lra || lia).
  - apply target_upper; (lra || lia).
Qed.

Theorem prop_29_instance : exists gamma y, prop_29_hypotheses gamma y.
Proof. destruct (uniform_exists (1 / 3)) as [y H]. exists (1 / 3), (y O). split; [lra | apply H]. Qed.

(** a_tau = 1 / ((tau + gamma) b_tau). *)
Lemma source_from_target gamma tau : 0 < gamma -> (1 <= tau)%nat ->
  source_factor gamma tau = / ((INR tau + gamma) * target_factor gamma tau).
Proof.
  intros Hg Ht. apply INR_ge_1 in Ht. unfold source_factor, target_factor.
  replace (INR tau + 1 + gamma) with (INR tau + gamma + 1) by ring. rewrite (Gamma_plus_1 (INR tau + gamma)) by lra.
  pose proof (Gamma_pos (INR tau + 1) ltac:(lra)). pose proof (Gamma_pos (INR tau + gamma) ltac:(lra)). field. lra.
Qed.

Lemma prefactor gamma tau : 0 < gamma < 1 -> (1 <= tau)%nat ->
  / 2 * Rpower (INR tau) (- gamma) <= source_factor gamma tau <= 2 * Rpower (INR tau) (- gamma).
Proof.
  intros Hg Ht. rewrite source_from_target by (lra || easy). pose proof (INR_ge_1 _ Ht) as H1.
  set (x := INR tau) in *. set (b := target_factor gamma tau).
  destruct (scaled_bounds gamma x ltac:(lra) ltac:(lra)) as [L U]. change (x / (x + gamma) <= b * Rpower x (1 - gamma)) in L.
  change (b * Rpower x (1 - gamma) <= 1) in U.
  unfold Rminus in L, U. rewrite Rpower_plus, Rpower_1 in L, U by lra.
  pose proof (Rpower_pos x (- gamma)) as P. set (p := Rpower x (- gamma)) in *.
  assert (Hb : 0 < b) by (apply Rdiv_lt_0_compat; apply Gamma_pos; unfold x in *; lra).
  assert (Hn : 0 < (x + gamma) * b) by nra. split.
  - apply (Rmult_le_reg_r ((x + gamma) * b)); [easy|]. rewrite Rinv_l by lra. assert (x + gamma <= 2 * x) by lra.
    assert (0 < b * p) by nra. nra.
  - apply (Rmult_le_reg_r ((x + gamma) * b)); [easy|]. rewrite Rinv_l by lra.
    apply (Rmult_le_compat_r (x + gamma)) in L; [|lra]. replace (x / (x + gamma) * (x + gamma)) with x in L by (field; lra).
    assert (Q : 1 <= b * p * (x + gamma)) by (apply (Rmult_le_reg_l x); [lra|]; nra). nra.
Qed.

Theorem cor_F_2_holds : cor_F_2.
Proof.
  intros gamma y [Hg Hy]. split; [|split; [|split]].
  - intros tau l Hl. apply closed_form; [lra | apply Hy | lia].
  - intros tau. eexists _, _. split; [|intros l Hl; apply (theta gamma (y tau) tau tau l Hg (Hy tau) (Nat.le_refl _) Hl)].
    pose proof (source_factor_pos gamma tau ltac:(lra)). apply Rmult_lt_0_compat; [apply Rpower_pos | nra].
  - exists (gamma * / 2), (gamma * 2). split; [lra|]. intros tau Ht. destruct (prefactor gamma tau Hg Ht).
    split; rewrite Rmult_assoc; apply Rmult_le_compat_l; lra.
  - intros (c & Hc & H). destruct (nfloor_ex (gamma / c)) as [tau Ht]; [apply Rlt_le, Rdiv_lt_0_compat; lra|].
    specialize (H tau 1%nat (Nat.le_refl _)). rewrite (uniform_closed_form gamma tau _ _ ltac:(lra) (Hy tau)), first_influence in H by lia.
    unfold Rpower in H. simpl INR in H. rewrite ln_1, Rmult_0_r, exp_0, Rmult_1_r in H. pose proof (pos_INR tau).
    apply Rle_div_r in H; [|lra]. destruct Ht as [_ Ht]. apply Rlt_div_l in Ht; [|easy]. lra.
Qed.

Theorem cor_F_2_instance : exists gamma y, cor_F_2_hypotheses gamma y.
Proof. destruct (uniform_exists (1 / 3)) as [y H]. exists (1 / 3), y. split; [lra | apply H]. Qed.

Theorem cor_F_3_holds : cor_F_3.
Proof.
  intros gamma y [Hg Hy] tau_max tau Ht. pose proof (source_factor_falls gamma tau tau_max ltac:(lra) Ht).
  pose proof (source_factor_falls gamma 0 tau ltac:(lra) (Nat.le_0_l _)). split; [nra|].
  intros l Hl. destruct (theta gamma (y tau) tau tau_max l Hg (Hy tau) Ht Hl) as [L U].
  pose proof (Rpower_pos (INR tau_max + 2) (- (1 - gamma))). pose proof (Rpower_pos (INR l) (- (1 - gamma))).
  split; [eapply Rle_trans; [|exact L] | eapply Rle_trans; [exact U|]]; apply Rmult_le_compat_r; try lra; [apply Rmult_le_compat_l|]; nra.
Qed.

Theorem rem_F_4_holds : rem_F_4.
Proof.
  intros gamma y H tau C. destruct (cor_F_2_holds gamma y H) as (_ & Th & _). destruct H as [Hg Hy].
  assert (E : C = gamma * source_factor gamma tau) by (unfold C, source_factor, Rdiv; ring).
  pose proof (source_factor_pos gamma tau ltac:(lra)). split; [rewrite E; nra | split; [|apply Th]].
  intros t Ht. rewrite E. now apply closed_form; [lra | apply Hy |].
Qed.

(** ** The best constants *)

(** y l^(1-gamma) rises in the lag: at least its value at lag 1. *)
Lemma rises_with_the_lag gamma tau l : 0 <= gamma <= 1 -> (1 <= l)%nat ->
  uniform_influence gamma tau (tau + 1) <= uniform_influence gamma tau (tau + l) * Rpower (INR l) (1 - gamma).
Proof.
  intros Hg Hl. induction Hl as [|l Hl IH].
  - simpl INR. unfold Rpower. rewrite ln_1, Rmult_0_r, exp_0. lra.
  - eapply Rle_trans; [exact IH|]. rewrite Nat.add_succ_r. unfold uniform_influence at 2. rewrite growth_S by lia.
    pose proof (INR_ge_1 l Hl). assert (Ht : INR l <= INR (tau + l)) by (apply le_INR; lia). pose proof (pos_INR l).
    pose proof (growth_ge_1 gamma tau (tau + l) ltac:(lra) ltac:(lia)) as Hgr.
    replace (gamma / INR (S (tau + l)) * (growth gamma tau (tau + l) * (1 + gamma / INR (tau + l))) * Rpower (INR (S l)) (1 - gamma))
      with (uniform_influence gamma tau (tau + l) * ((INR (tau + l) + gamma) / (INR (tau + l) + 1) * Rpower (INR l + 1) (1 - gamma)))
      by (unfold uniform_influence; rewrite !S_INR; field; lra).
    apply Rmult_le_compat_l; [|apply power_step; lra].
    apply Rmult_le_pos; [apply Rdiv_le_0_compat|]; lra.
Qed.

Lemma over_power C l p : 0 < l -> C * Rpower l p * Rpower l (- p) = C.
Proof. intros H. rewrite Rmult_assoc, <- Rpower_plus, Rplus_opp_r, Rpower_O by easy. ring. Qed.

(** The limit itself cannot be undercut. *)
Lemma lim_above u (l a : R) : is_lim_seq u l -> a < l -> exists n, a < u n.
Proof.
  intros Hu Ha. apply is_lim_seq_spec in Hu. destruct (Hu (mkposreal (l - a) ltac:(lra))) as [N HN].
  exists N. specialize (HN N (Nat.le_refl _)). simpl in HN. apply Rabs_def2 in HN. lra.
Qed.

(** Uniform routing approaches 1/Gamma(gamma) from below. *)
Lemma constant_is_approached gamma C : 0 < gamma < 1 -> C < / Gamma gamma ->
  exists l, (1 <= l)%nat /\ C * Rpower (INR l) (- (1 - gamma)) < uniform_influence gamma 0 l.
Proof.
  intros Hg HC. pose proof (Gamma_pos gamma ltac:(lra)) as HG.
  destruct (lim_above _ _ (C * Gamma gamma) (scaled_to_1 gamma 1 ltac:(lra) ltac:(lra))) as [n Hn].
  { apply (Rmult_lt_compat_r (Gamma gamma)) in HC; [|easy]. rewrite Rinv_l in HC; lra. }
  exists (S n). split; [lia|]. rewrite influence_closed_form, source_factor_0 by (lra || lia).
  fold (gamma / Gamma (1 + gamma)). rewrite Gamma_1_plus by lra. unfold target_factor.
  replace (1 + INR n) with (INR (S n)) in Hn by (rewrite S_INR; ring).
  set (b := Gamma (INR (S n) + gamma) / Gamma (INR (S n) + 1)) in *.
  assert (Hp : 0 < INR (S n)) by (apply lt_0_INR; lia). pose proof (Rpower_pos (INR (S n)) (- (1 - gamma))) as P.
  rewrite <- (over_power b (INR (S n)) (1 - gamma) Hp).
  apply (Rmult_lt_compat_r (/ Gamma gamma)) in Hn; [|now apply Rinv_0_lt_compat].
  rewrite Rmult_assoc, Rinv_r, Rmult_1_r in Hn by lra. nra.
Qed.

(** A later source has less influence at the same lag. *)
Lemma falls_with_the_source eta tau l : 0 <= eta -> (1 <= l)%nat -> uniform_influence eta tau (tau + l) <= uniform_influence eta 0 l.
Proof.
  intros He Hl. assert (0 < INR l) by (apply lt_0_INR; lia). assert (INR l <= INR (tau + l)) by (apply le_INR; lia).
  apply Rmult_le_compat.
  - apply Rdiv_le_0_compat; lra.
  - pose proof (growth_ge_1 eta tau (tau + l) He ltac:(lia)). lra.
  - unfold Rdiv. apply Rmult_le_compat_l; [easy|]. apply Rinv_le_contravar; lra.
  - now apply growth_shift.
Qed.

Lemma influence_upper eta tau l : 0 < eta < 1 -> (1 <= l)%nat ->
  uniform_influence eta tau (tau + l) <= / Gamma eta * Rpower (INR l) (- (1 - eta)).
Proof.
  intros He Hl. eapply Rle_trans; [apply falls_with_the_source; lra || easy|].
  rewrite influence_closed_form, source_factor_0 by (lra || lia). fold (eta / Gamma (1 + eta)). rewrite Gamma_1_plus by lra.
  pose proof (Gamma_pos eta ltac:(lra)). apply Rmult_le_compat_l; [left; now apply Rinv_0_lt_compat|].
  apply target_upper; (lra || lia).
Qed.

Lemma influence_lower gamma tau tau_max l : 0 < gamma < 1 -> (tau <= tau_max)%nat -> (1 <= l)%nat ->
  gamma / (INR tau_max + 1) * Rpower (INR l) (- (1 - gamma)) <= uniform_influence gamma tau (tau + l).
Proof.
  intros Hg Ht Hl. assert (Hp : 0 < INR l) by (apply lt_0_INR; lia).
  rewrite <- (over_power (uniform_influence gamma tau (tau + l)) (INR l) (1 - gamma) Hp).
  apply Rmult_le_compat_r; [left; apply Rpower_pos|]. eapply Rle_trans; [|apply rises_with_the_lag; (lra || easy)].
  rewrite first_influence. apply le_INR in Ht. pose proof (pos_INR tau).
  unfold Rdiv. apply Rmult_le_compat_l; [lra|]. apply Rinv_le_contravar; lra.
Qed.

(** The paper's lower constant is smaller: b_(tau+1) > (tau + 2)^(-beta). *)
Lemma paper_lower_constant gamma tau : 0 < gamma < 1 ->
  Rpower (INR tau + 2) (- (1 - gamma)) * (gamma * source_factor gamma tau) < gamma / (INR tau + 1).
Proof.
  intros Hg. rewrite <- first_influence, influence_closed_form by (lra || lia).
  pose proof (source_factor_pos gamma tau ltac:(lra)) as P. pose proof (pos_INR tau).
  rewrite (Rmult_comm (Rpower _ _)). apply Rmult_lt_compat_l; [nra|]. unfold target_factor. rewrite plus_INR. simpl (INR 1).
  destruct (quotient_bounds gamma (INR tau + 1) ltac:(lra) ltac:(lra)) as [L _]. eapply Rlt_le_trans; [|exact L].
  replace (gamma - 1) with (- (1 - gamma)) by ring. rewrite !Rpower_Ropp.
  apply Rinv_lt_contravar; [apply Rmult_lt_0_compat; apply Rpower_pos | apply Rlt_Rpower_l; lra].
Qed.

Theorem ours_bounded_source_constants_holds : ours_bounded_source_constants.
Proof.
  intros gamma y [Hg Hy] tau_max.
  assert (E : forall tau t, (tau < t)%nat -> y tau t = uniform_influence gamma tau t)
    by (intros; apply uniform_closed_form; [lra | apply Hy | easy]).
  split; [|split; [|split; [|split]]].
  - intros tau l Ht Hl. rewrite E by lia. split; [now apply influence_lower|]. rewrite Gamma_1_plus by lra. now apply influence_upper.
  - rewrite E by lia. apply first_influence.
  - rewrite source_factor_0. reflexivity.
  - now apply paper_lower_constant.
  - intros C HC. rewrite Gamma_1_plus in HC by lra. destruct (constant_is_approached gamma C Hg HC) as [l [Hl H]].
    exists l. split; [easy|]. now rewrite E by lia.
Qed.

Theorem prop_9_iii_holds : prop_9_iii.
Proof.
  split.
  - intros gamma alpha gamma_max c2 tau y T H eta l. now apply (decay gamma alpha).
  - intros gamma y H tau_max. now apply ours_bounded_source_constants_holds.
Qed.

Theorem ours_gamma_ratio_holds : ours_gamma_ratio.
Proof.
  split.
  - intros gamma t [Hg Ht] scaled. destruct (quotient_bounds gamma t ltac:(lra) Ht) as [L U]. split; [|split; [|split]].
    + split; [|exact L]. replace (gamma - 1) with (- (1 - gamma)) by ring. apply power_falls; lra.
    + exact U.
    + unfold scaled. rewrite quotient_step by lra.
      pose proof (Rdiv_lt_0_compat _ _ (Gamma_pos (t + gamma) ltac:(lra)) (Gamma_pos (t + 1) ltac:(lra))).
      rewrite Rmult_assoc. apply Rmult_le_compat_l; [lra|]. apply power_step; lra.
    + apply scaled_to_1; lra.
  - intros gamma y [Hg Hy]. assert (E : forall t, (1 <= t)%nat -> y t = uniform_influence gamma 0 t)
      by (intros t Ht; apply uniform_closed_form; [lra | easy | lia]).
    split; [|split].
    + intros t Ht. rewrite E by easy. split; [|split].
      * rewrite influence_closed_form, source_factor_0 by (lra || lia). fold (gamma / Gamma (1 + gamma)).
        pose proof (Gamma_pos (1 + gamma) ltac:(lra)) as G. apply Rmult_le_compat_l; [apply Rdiv_le_0_compat; lra|].
        pose proof (INR_ge_1 t Ht). replace (- (1 - gamma)) with (gamma - 1) by ring. apply quotient_bounds; lra.
      * pose proof (influence_lower gamma 0 0 t Hg (Nat.le_refl _) Ht) as L. simpl INR in L.
        replace (gamma / (0 + 1)) with gamma in L by field. exact L.
      * exact (influence_upper gamma 0 t Hg Ht).
    + rewrite E by lia. change 1%nat with (0 + 1)%nat. rewrite (first_influence gamma 0). simpl INR. field.
    + intros C HC. destruct (constant_is_approached gamma C Hg HC) as [t [Ht H]]. exists t. split; [easy|]. now rewrite E.
Qed.
