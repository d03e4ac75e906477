(** Gautschi's inequality, and the closed form of uniform routing with its power law. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Powers GammaLimit GammaFunction ImpulseResponse.
Open Scope R_scope.

(** ** The quotient Gamma(t + gamma) / Gamma(t + 1) *)

Lemma quotient_bounds gamma t : 0 <= gamma <= 1 -> 0 < t ->
  Rpower (t + gamma) (gamma - 1) <= Gamma (t + gamma) / Gamma (t + 1) <= Rpower t (gamma - 1).
Proof.
  intros Hg Ht. pose proof (Gamma_pos (t + gamma) ltac:(lra)) as P. pose proof (Gamma_pos (t + 1) ltac:(lra)) as P'.
  rewrite <- (exp_ln (Gamma (t + gamma) / Gamma (t + 1))) by (now apply Rdiv_lt_0_compat). rewrite ln_div by easy.
  pose proof (ln_quotient_upper Gamma Gamma_is_gamma gamma t Hg Ht).
  pose proof (ln_quotient_lower Gamma Gamma_is_gamma gamma t Hg ltac:(lra)).
  split; apply exp_le_incr; lra.
Qed.

(** A power with a negative exponent falls. *)
Lemma power_falls x y p : 0 <= p -> 0 < x <= y -> Rpower y (- p) <= Rpower x (- p).
Proof.
  intros Hp H. rewrite !Rpower_Ropp. apply Rinv_le_contravar; [apply Rpower_pos | now apply Rle_Rpower_l].
Qed.

Theorem lem_F_1_holds : lem_F_1.
Proof.
  intros gamma t [Hg Ht]. pose proof (quotient_bounds gamma t ltac:(lra) Ht). split; [|easy].
  eapply Rle_trans; [|apply H]. replace (gamma - 1) with (- (1 - gamma)) by ring. apply power_falls; lra.
Qed.

Theorem lem_F_1_instance : exists gamma t, lem_F_1_hypotheses gamma t.
Proof. exists (1 / 3), (7 / 2). unfold lem_F_1_hypotheses. lra. Qed.

Lemma quotient_step gamma t : 0 < t -> 0 < t + gamma ->
  Gamma (t + 1 + gamma) / Gamma (t + 1 + 1) = Gamma (t + gamma) / Gamma (t + 1) * ((t + gamma) / (t + 1)).
Proof.
  intros Ht Hg. replace (t + 1 + gamma) with (t + gamma + 1) by ring. rewrite !Gamma_plus_1 by lra.
  pose proof (Gamma_pos t Ht). field. lra.
Qed.

(** (l/(l+1))^(1-gamma) <= (l+gamma)/(l+1), and the right side rises in l. *)
Lemma power_step gamma l t : 0 <= gamma <= 1 -> 0 < l <= t ->
  Rpower l (1 - gamma) <= (t + gamma) / (t + 1) * Rpower (l + 1) (1 - gamma).
Proof.
  intros Hg Hl. replace l with (l / (l + 1) * (l + 1)) at 1 by (field; lra).
  rewrite <- Rpower_mult_distr by (try apply Rdiv_lt_0_compat; lra).
  apply Rmult_le_compat_r; [left; apply Rpower_pos|].
  replace (l / (l + 1)) with (1 + - / (l + 1)) by (field; lra).
  assert (0 < / (l + 1) < 1) by (split; [apply Rinv_0_lt_compat; lra | rewrite <- Rinv_1; apply Rinv_lt_contravar; lra]).
  eapply Rle_trans; [apply bernoulli; lra|].
  replace ((t + gamma) / (t + 1)) with (1 + - ((1 - gamma) * / (t + 1))) by (field; lra).
  assert (/ (t + 1) <= / (l + 1)) by (apply Rinv_le_contravar; lra). nra.
Qed.

(** b_t t^(1-gamma) is between t/(t+gamma) and 1. *)
Lemma scaled_bounds gamma t : 0 <= gamma <= 1 -> 0 < t ->
  t / (t + gamma) <= Gamma (t + gamma) / Gamma (t + 1) * Rpower t (1 - gamma) <= 1.
Proof.
  intros Hg Ht. destruct (quotient_bounds gamma t Hg Ht) as [L U]. pose proof (Rpower_pos t (1 - gamma)) as P. split.
  - apply Rle_trans with (Rpower (t + gamma) (gamma - 1) * Rpower t (1 - gamma)); [|apply Rmult_le_compat_r; lra].
    assert (0 < t / (t + gamma) <= 1) by (split; [apply Rdiv_lt_0_compat; lra | apply Rle_div_l; lra]).
    replace (Rpower (t + gamma) (gamma - 1) * Rpower t (1 - gamma)) with (Rpower (t / (t + gamma)) (1 - gamma)).
    2:{ replace (gamma - 1) with (- (1 - gamma)) by ring. rewrite Rpower_Ropp.
        assert (E : Rpower t (1 - gamma) = Rpower (t / (t + gamma)) (1 - gamma) * Rpower (t + gamma) (1 - gamma))
          by (rewrite Rpower_mult_distr by lra; f_equal; field; lra).
        rewrite E. field. apply Rgt_not_eq, Rpower_pos. }
    (* x <= x^(1-gamma) for x <= 1 *)
    rewrite <- (Rpower_1 (t / (t + gamma))) at 1 by lra. apply exp_le_incr.
    pose proof (ln_le_incr (t / (t + gamma)) 1 ltac:(lra) ltac:(lra)) as Hl. rewrite ln_1 in Hl. nra.
  - apply Rle_trans with (Rpower t (gamma - 1) * Rpower t (1 - gamma)); [apply Rmult_le_compat_r; lra|].
    rewrite <- Rpower_plus. replace (gamma - 1 + (1 - gamma)) with 0 by ring. rewrite Rpower_O; lra.
Qed.

Lemma scaled_to_1 gamma t : 0 <= gamma <= 1 -> 0 < t ->
  is_lim_seq (fun n => Gamma (t + INR n + gamma) / Gamma (t + INR n + 1) * Rpower (t + INR n) (1 - gamma)) 1.
Proof.
  intros Hg Ht. apply is_lim_seq_le_le with (fun n => INR n / (t + gamma + INR n)) (fun _ => 1).
  - intros n. pose proof (pos_INR n). destruct (scaled_bounds gamma (t + INR n) Hg ltac:(lra)) as [L U]. split; [|exact U].
    eapply Rle_trans; [|exact L]. replace (t + gamma + INR n) with (t + INR n + gamma) by ring.
    apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat|]; lra.
  - apply quotient_to_1.
  - apply is_lim_seq_const.
Qed.

(** ** The closed form *)

Lemma source_factor_pos gamma tau : -1 < gamma -> 0 < source_factor gamma tau.
Proof. intros H. pose proof (pos_INR tau). apply Rdiv_lt_0_compat; apply Gamma_pos; lra. Qed.

Lemma influence_closed_form gamma tau t : -1 < gamma -> (tau < t)%nat ->
  uniform_influence gamma tau t = gamma * source_factor gamma tau * target_factor gamma t.
Proof.
  intros Hg. apply (after_the_source tau (fun t => uniform_influence gamma tau t = gamma * source_factor gamma tau * target_factor gamma t)); clear t.
  - unfold uniform_influence, source_factor, target_factor. rewrite growth_start, S_INR. pose proof (pos_INR tau).
    rewrite (Gamma_plus_1 (INR tau + 1)) by lra.
    pose proof (Gamma_pos (INR tau + 1) ltac:(lra)). pose proof (Gamma_pos (INR tau + 1 + gamma) ltac:(lra)). field. lra.
  - intros t Ht IH. assert (1 <= INR t) by (apply INR_ge_1; lia).
    assert (E : uniform_influence gamma tau (S t) = uniform_influence gamma tau t * ((INR t + gamma) / (INR t + 1)))
      by (unfold uniform_influence; rewrite growth_S, S_INR by easy; field; lra).
    rewrite E, IH. unfold target_factor. rewrite S_INR, quotient_step by lra. ring.
Qed.

Lemma target_factor_pos gamma t : -1 < gamma -> (1 <= t)%nat -> 0 < target_factor gamma t.
Proof. intros H Ht. apply INR_ge_1 in Ht. apply Rdiv_lt_0_compat; apply Gamma_pos; lra. Qed.

(** a_tau falls. *)
Lemma source_factor_falls gamma m n : 0 <= gamma -> (m <= n)%nat -> source_factor gamma n <= source_factor gamma m.
Proof.
  intros Hg H. induction H as [|n H IH]; [lra|]. eapply Rle_trans; [|exact IH]. unfold source_factor. rewrite S_INR.
  pose proof (pos_INR n). replace (INR n + 1 + 1 + gamma) with (INR n + 1 + gamma + 1) by ring. rewrite (Gamma_plus_1 (INR n + 1)), (Gamma_plus_1 (INR n + 1 + gamma)) by lra.
  pose proof (Gamma_pos (INR n + 1) ltac:(lra)) as G. pose proof (Gamma_pos (INR n + 1 + gamma) ltac:(lra)) as G'.
  apply (Rmult_le_reg_r ((INR n + 1 + gamma) * Gamma (INR n + 1 + gamma))); [apply Rmult_lt_0_compat; lra|].
  replace ((INR n + 1) * Gamma (INR n + 1) / ((INR n + 1 + gamma) * Gamma (INR n + 1 + gamma)) * ((INR n + 1 + gamma) * Gamma (INR n + 1 + gamma)))
    with ((INR n + 1) * Gamma (INR n + 1)) by (field; lra).
  replace (Gamma (INR n + 1) / Gamma (INR n + 1 + gamma) * ((INR n + 1 + gamma) * Gamma (INR n + 1 + gamma)))
    with ((INR n + 1 + gamma) * Gamma (INR n + 1)) by (field; lra). apply Rmult_le_compat_r; lra.
Qed.

Lemma uniform_closed_form gamma tau y t : -1 < gamma -> uniform_routing gamma tau y -> (tau < t)%nat ->
  y t = uniform_influence gamma tau t.
Proof.
  intros Hg Hy Ht. rewrite (uniform_response gamma 1 tau y (S t) (Hy _)) by lia. now rewrite Rmult_1_r.
Qed.

Lemma closed_form gamma tau y t : -1 < gamma -> uniform_routing gamma tau y -> (tau < t)%nat ->
  y t = gamma * source_factor gamma tau * target_factor gamma t.
Proof. intros Hg Hy Ht. now rewrite (uniform_closed_form gamma tau y t Hg Hy Ht), influence_closed_form. Qed.

Lemma first_influence gamma tau : uniform_influence gamma tau (tau + 1) = gamma / (INR tau + 1).
Proof. unfold uniform_influence. rewrite Nat.add_1_r, growth_start, S_INR. ring. Qed.

Lemma source_factor_0 gamma : source_factor gamma 0 = / Gamma (1 + gamma).
Proof. unfold source_factor. simpl INR. rewrite !Rplus_0_l, Gamma_1. unfold Rdiv. ring. Qed.

Lemma Gamma_1_plus gamma : 0 < gamma -> gamma / Gamma (1 + gamma) = / Gamma gamma.
Proof. intros H. rewrite (Rplus_comm 1), Gamma_plus_1 by easy. pose proof (Gamma_pos gamma H). field. lra. Qed.

(** b_t is at most l^(-beta) for l <= t, and at least (t+1)^(-beta). *)
Lemma target_upper gamma t l : 0 <= gamma <= 1 -> (1 <= l <= t)%nat -> target_factor gamma t <= Rpower (INR l) (- (1 - gamma)).
Proof.
  intros Hg Hl. assert (0 < INR l) by (apply lt_0_INR; lia). assert (INR l <= INR t) by (apply le_INR; lia).
  destruct (quotient_bounds gamma (INR t) Hg ltac:(lra)) as [_ U]. eapply Rle_trans; [exact U|].
  replace (gamma - 1) with (- (1 - gamma)) by ring. apply power_falls; lra.
Qed.

Lemma target_lower gamma t : 0 <= gamma <= 1 -> (1 <= t)%nat -> Rpower (INR t + 1) (- (1 - gamma)) <= target_factor gamma t.
Proof.
  intros Hg Ht. apply INR_ge_1 in Ht. destruct (quotient_bounds gamma (INR t) Hg ltac:(lra)) as [L _].
  eapply Rle_trans; [|exact L]. replace (gamma - 1) with (- (1 - gamma)) by ring. apply power_falls; lra.
Qed.

(** tau + l + 1 <= (tau_max + 2) l *)
Lemma target_lower_lag gamma tau tau_max l : 0 <= gamma <= 1 -> (tau <= tau_max)%nat -> (1 <= l)%nat ->
  Rpower (INR tau_max + 2) (- (1 - gamma)) * Rpower (INR l) (- (1 - gamma)) <= target_factor gamma (tau + l).
Proof.
  intros Hg Ht Hl. eapply Rle_trans; [|apply target_lower; [easy | lia]]. apply INR_ge_1 in Hl. apply le_INR in Ht.
  pose proof (pos_INR tau). rewrite plus_INR, Rpower_mult_distr by lra. apply power_falls; [lra|]. nra.
Qed.

Lemma theta gamma y tau tau_max l : 0 < gamma < 1 -> uniform_routing gamma tau y -> (tau <= tau_max)%nat -> (1 <= l)%nat ->
  Rpower (INR tau_max + 2) (- (1 - gamma)) * (gamma * source_factor gamma tau) * Rpower (INR l) (- (1 - gamma)) <= y (tau + l)%nat
  /\ y (tau + l)%nat <= gamma * source_factor gamma tau * Rpower (INR l) (- (1 - gamma)).
Proof.
  intros Hg Hy Ht Hl. rewrite (closed_form gamma tau y (tau + l) ltac:(lra) Hy) by lia.
  pose proof (source_factor_pos gamma tau ltac:(lra)). assert (0 <= gamma * source_factor gamma tau) by nra.
  pose proof (target_lower_lag gamma tau tau_max l ltac:(lra) Ht Hl).
  pose proof (target_upper gamma (tau + l) l ltac:(lra) ltac:(lia)). split; [|now apply Rmult_le_compat_l].
  rewrite (Rmult_comm (Rpower (INR tau_max + 2) _)), Rmult_assoc. now apply Rmult_le_compat_l.
Qed.

Lemma uniform_exists gamma : exists y, forall tau, uniform_routing gamma tau (y tau).
Proof.
  exists (fun tau t => substitute (fun _ => gamma) (fun t _ => 1 / INR t) tau (S t) t).
  intros tau T t _. apply (row_ext (fun _ => gamma) (fun t _ => 1 / INR t) tau). intros j Hj. apply substitute_stable; lia.
Qed.
