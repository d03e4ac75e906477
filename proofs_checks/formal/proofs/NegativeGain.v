(** Uniform routing with a gain of -g: the influence decays faster than 1/l. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Powers GammaLimit GammaFunction ImpulseResponse UniformRouting ClosedForms.
Open Scope R_scope.

(** |y_l| l^(1+g) falls, by (1 - g/l) (1 + 1/l)^g <= (1 - g/l) (1 + g/l) <= 1. *)
Lemma negative_falls g l : 0 < g < 1 -> (1 <= l)%nat -> - uniform_influence (- g) 0 l * Rpower (INR l) (1 + g) <= g.
Proof.
  intros Hg Hl. induction Hl as [|l Hl IH].
  - unfold uniform_influence. rewrite growth_start. simpl INR. unfold Rpower. rewrite ln_1, Rmult_0_r, exp_0. lra.
  - eapply Rle_trans; [|exact IH]. pose proof (INR_ge_1 l Hl) as H1.
    assert (Hi : 0 < / INR l <= 1) by (split; [apply Rinv_0_lt_compat; lra | rewrite <- Rinv_1; apply Rinv_le_contravar; lra]).
    assert (P : 0 <= - uniform_influence (- g) 0 l).
    { clear IH. induction Hl as [|l Hl IH].
      - unfold uniform_influence. rewrite growth_start. simpl INR. lra.
      - pose proof (INR_ge_1 l Hl) as H2. assert (H3 : 0 < / INR l <= 1) by (split; [apply Rinv_0_lt_compat; lra | rewrite <- Rinv_1; apply Rinv_le_contravar; lra]).
        specialize (IH H2 H3). unfold uniform_influence in *. rewrite growth_S, S_INR by lia.
        replace (- (- g / (INR l + 1) * (growth (- g) 0 l * (1 + - g / INR l))))
          with (- (- g / INR l * growth (- g) 0 l) * ((INR l - g) / (INR l + 1))) by (field; lra).
        apply Rmult_le_pos; [easy | apply Rdiv_le_0_compat; lra]. }
    pose proof (bernoulli g (/ INR l) ltac:(lra) ltac:(lra)) as B. pose proof (Rpower_pos (1 + / INR l) g).
    assert (E : - uniform_influence (- g) 0 (S l) * Rpower (INR (S l)) (1 + g)
                = - uniform_influence (- g) 0 l * Rpower (INR l) (1 + g) * ((1 - g * / INR l) * Rpower (1 + / INR l) g)).
    { replace (INR (S l)) with (INR l * (1 + / INR l)) by (rewrite S_INR; field; lra).
      rewrite <- Rpower_mult_distr by lra. rewrite (Rpower_plus 1 g (1 + / INR l)), Rpower_1 by lra.
      unfold uniform_influence. rewrite growth_S, S_INR by lia. field. lra. }
    rewrite E. pose proof (Rpower_pos (INR l) (1 + g)). rewrite <- (Rmult_1_r (- uniform_influence (- g) 0 l * Rpower (INR l) (1 + g))) at 2.
    apply Rmult_le_compat_l; [nra|]. set (h := g * / INR l) in *. assert (0 < h < 1) by (unfold h; nra). nra.
Qed.

(** b_t for the gain -g is b_t for 1 - g over t - g. *)
Lemma negative_target g t : 0 < g < 1 -> (1 <= t)%nat -> target_factor (- g) t = target_factor (1 - g) t / (INR t - g).
Proof.
  intros Hg Ht. apply INR_ge_1 in Ht. unfold target_factor. replace (INR t + (1 - g)) with (INR t + - g + 1) by ring.
  rewrite (Gamma_plus_1 (INR t + - g)) by lra. pose proof (Gamma_pos (INR t + 1) ltac:(lra)). field. lra.
Qed.

(** b_t t^(1+g) >= 1: weighted means of t+1-g and t-g are at most t. *)
Lemma negative_target_lower g t : 0 < g < 1 -> (1 <= t)%nat -> Rpower (INR t) (- (1 + g)) <= target_factor (- g) t.
Proof.
  intros Hg Ht. rewrite negative_target by easy. pose proof (INR_ge_1 t Ht) as H1. set (x := INR t) in *.
  destruct (quotient_bounds (1 - g) x ltac:(lra) ltac:(lra)) as [L _]. change (Rpower (x + (1 - g)) (1 - g - 1) <= target_factor (1 - g) t) in L.
  apply Rle_div_r; [lra|]. eapply Rle_trans; [|exact L].
  rewrite <- (exp_ln (x - g)) by lra. unfold Rpower. rewrite <- exp_plus. apply exp_le_incr.
  pose proof (ln_concave (g / (1 + g)) (x + (1 - g)) (x - g)) as C.
  assert (Hp : 0 <= g / (1 + g) <= 1) by (split; [apply Rdiv_le_0_compat; lra | apply Rle_div_l; lra]).
  specialize (C Hp ltac:(lra) ltac:(lra)).
  assert (M : g / (1 + g) * (x + (1 - g)) + (1 - g / (1 + g)) * (x - g) <= x).
  { replace (g / (1 + g) * (x + (1 - g)) + (1 - g / (1 + g)) * (x - g)) with (x - g * g / (1 + g)) by (field; lra).
    assert (0 <= g * g / (1 + g)) by (apply Rdiv_le_0_compat; nra). lra. }
  assert (P : 0 < g / (1 + g) * (x + (1 - g)) + (1 - g / (1 + g)) * (x - g))
    by (replace (g / (1 + g) * (x + (1 - g)) + (1 - g / (1 + g)) * (x - g)) with (x - g + g / (1 + g)) by ring; lra).
  pose proof (ln_le_incr _ x P M).
  assert (C' : g / (1 + g) * ln (x + (1 - g)) + / (1 + g) * ln (x - g) <= ln x) by (replace (/ (1 + g)) with (1 - g / (1 + g)) by (field; lra); lra).
  assert (Q : (1 + g) * (g / (1 + g) * ln (x + (1 - g)) + / (1 + g) * ln (x - g)) <= (1 + g) * ln x) by (apply Rmult_le_compat_l; lra).
  replace ((1 + g) * (g / (1 + g) * ln (x + (1 - g)) + / (1 + g) * ln (x - g))) with (g * ln (x + (1 - g)) + ln (x - g)) in Q by (field; lra).
  lra.
Qed.

Lemma negative_limit g : 0 < g < 1 -> is_lim_seq (fun n => target_factor (- g) (S n) * Rpower (INR (S n)) (1 + g)) 1.
Proof.
  intros Hg. pose proof (scaled_to_1 (1 - g) 1 ltac:(lra) ltac:(lra)) as L.
  assert (Q : is_lim_seq (fun n => INR (S n) / (- g + INR (S n))) 1) by (apply (is_lim_seq_incr_1 (fun n => INR n / (- g + INR n))), quotient_to_1).
  replace (Finite 1) with (Finite (1 * 1)) by (f_equal; ring).
  eapply is_lim_seq_ext; [|exact (is_lim_seq_mult' _ _ _ _ L Q)]. intros n. cbv beta.
  rewrite negative_target by (easy || lia). assert (1 <= INR (S n)) by (apply INR_ge_1; lia).
  replace (1 + INR n) with (INR (S n)) by (rewrite S_INR; ring). unfold target_factor.
  replace (1 - (1 - g)) with g by ring. rewrite Rpower_plus, Rpower_1 by lra. field.
  split; [apply Rgt_not_eq, Gamma_pos; lra | lra].
Qed.

Theorem ours_negative_gain_holds : ours_negative_gain.
Proof.
  split; [intros gamma tau y [Hg Hy] t Ht; now apply closed_form|].
  intros g y Hg [_ Hy]. assert (E : forall t, (1 <= t)%nat -> y t = uniform_influence (- g) 0 t)
    by (intros t Ht; apply uniform_closed_form; [lra | easy | lia]).
  assert (F : forall t, (1 <= t)%nat -> - y t = g / Gamma (1 - g) * target_factor (- g) t).
  { intros t Ht. rewrite (closed_form (- g) 0 y t ltac:(lra) Hy), source_factor_0 by lia.
    replace (1 + - g) with (1 - g) by ring. unfold Rdiv. ring. }
  pose proof (Gamma_pos (1 - g) ltac:(lra)) as HG. assert (Hq : 0 < g / Gamma (1 - g)) by (apply Rdiv_lt_0_compat; lra).
  split; [|split].
  - intros l Hl. assert (Hp : 0 < INR l) by (apply lt_0_INR; lia). split.
    + rewrite F by easy. apply Rmult_le_compat_l; [lra|]. now apply negative_target_lower.
    + rewrite <- (over_power (- y l) (INR l) (1 + g) Hp), E by easy.
      apply Rmult_le_compat_r; [left; apply Rpower_pos|]. now apply negative_falls.
  - rewrite E by lia. unfold uniform_influence. rewrite growth_start. simpl INR. field.
  - intros C HC. pose proof (negative_limit g Hg) as L. apply (is_lim_seq_scal_l _ (- (g / Gamma (1 - g)))) in L.
    destruct (lim_above _ (- (g / Gamma (1 - g)) * 1) (- C) L) as [n Hn]; [lra|].
    exists (S n). split; [lia|]. rewrite F by lia. assert (Hp : 0 < INR (S n)) by (apply lt_0_INR; lia).
    rewrite <- (over_power (target_factor (- g) (S n)) (INR (S n)) (1 + g) Hp), <- Rmult_assoc.
    apply Rmult_lt_compat_r; [apply Rpower_pos|]. lra.
Qed.

Theorem ours_negative_gain_instance : exists gamma tau y, ours_negative_gain_hypotheses gamma tau y.
Proof. destruct (uniform_exists (- (1 / 3))) as [y H]. exists (- (1 / 3)), 2%nat, (y 2%nat). split; [lra | apply H]. Qed.
