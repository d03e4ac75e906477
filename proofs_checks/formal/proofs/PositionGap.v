(** The gaps of the position code are influences of uniform routing: c_(t+1) - c_t = gamma y_t / (t+1). *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Powers GammaLimit GammaFunction ImpulseResponse UniformRouting ClosedForms.
Open Scope R_scope.

Section Code.
  Variables (gamma : R) (c : nat -> R).
  Hypothesis H : ours_position_gap_hypotheses gamma c.
  Let gap (t : nat) : R := c (S t) - c t.

  Lemma first_gap : gap O = gamma.
  Proof. destruct H as (_ & H0 & Hc). unfold gap. rewrite (Hc 1%nat) by lia. simpl. rewrite H0. field. Qed.

  (** (t+1) c_(t+1) - t c_t = 1 + gamma c_t. *)
  Lemma code_step t : (1 <= t)%nat -> (INR t + 1) * gap t = 1 - (1 - gamma) * c t.
  Proof.
    intros Ht. destruct H as (_ & _ & Hc). assert (0 < INR t) by (apply lt_0_INR; lia).
    unfold gap. rewrite (Hc (S t)) by lia. cbn [sum]. rewrite S_INR.
    assert (E : gamma * sum c t = INR t * (c t - 1)) by (rewrite (Hc t Ht); field; lra).
    replace (gamma / (INR t + 1) * (sum c t + c t)) with ((gamma * sum c t + gamma * c t) / (INR t + 1)) by (field; lra).
    rewrite E. field. lra.
  Qed.

  Lemma gap_is_influence t : (1 <= t)%nat -> gap t = gamma * uniform_influence gamma 0 t / (INR t + 1).
  Proof.
    intros Ht. induction Ht as [|t Ht IH].
    - pose proof (code_step 1 (Nat.le_refl _)) as E. pose proof first_gap as E0. unfold gap in E0. destruct H as (_ & H0 & _).
      rewrite H0 in E0. replace (c 1%nat) with (1 + gamma) in E by lra. simpl INR in *.
      unfold uniform_influence. rewrite growth_start. simpl INR. lra.
    - pose proof (code_step t Ht) as E. pose proof (code_step (S t) ltac:(lia)) as E'. pose proof (INR_ge_1 t Ht).
      rewrite S_INR in *. replace (c (S t)) with (c t + gap t) in E' by (unfold gap; ring).
      assert (F : (INR t + 1 + 1) * gap (S t) = (INR t + gamma) * gap t) by lra.
      apply (Rmult_eq_reg_l (INR t + 1 + 1)); [|lra]. rewrite F, IH. unfold uniform_influence. rewrite growth_S, S_INR by lia. field. lra.
  Qed.

  Lemma gap_closed_form t : (1 <= t)%nat -> gap t = gamma ^ 2 * Gamma (INR t + gamma) / (Gamma (1 + gamma) * Gamma (INR t + 2)).
  Proof.
    intros Ht. destruct H as (Hg & _). pose proof (INR_ge_1 t Ht). rewrite gap_is_influence, influence_closed_form, source_factor_0 by (lra || lia).
    unfold target_factor. replace (INR t + 2) with (INR t + 1 + 1) by ring. rewrite (Gamma_plus_1 (INR t + 1)) by lra.
    pose proof (Gamma_pos (INR t + 1) ltac:(lra)). pose proof (Gamma_pos (1 + gamma) ltac:(lra)). field. lra.
  Qed.

  Hypothesis Hg : 0 < gamma < 1.

  Lemma influence_pos t : (1 <= t)%nat -> 0 < uniform_influence gamma 0 t.
  Proof.
    intros Ht. pose proof (INR_ge_1 t Ht). pose proof (growth_ge_1 gamma 0 t ltac:(lra) ltac:(lia)).
    apply Rmult_lt_0_compat; [apply Rdiv_lt_0_compat|]; lra.
  Qed.

  (** A gap is (t + gamma)/(t + 2) of the one before. *)
  Lemma gaps_fall t : 0 < gap (S t) < gap t.
  Proof.
    destruct t as [|t].
    - rewrite first_gap, (gap_is_influence 1) by lia. unfold uniform_influence. rewrite growth_start. simpl INR.
      replace (gamma * (gamma / 1 * 1) / (1 + 1)) with (gamma * gamma / 2) by field. nra.
    - rewrite !gap_is_influence by lia. pose proof (influence_pos (S t) ltac:(lia)) as P. set (x := INR (S t)).
      assert (Hx : 1 <= x) by (apply INR_ge_1; lia).
      assert (E : gamma * uniform_influence gamma 0 (S (S t)) / (INR (S (S t)) + 1)
                  = gamma * uniform_influence gamma 0 (S t) / (x + 1) * ((x + gamma) / (x + 2))).
      { unfold uniform_influence. rewrite (growth_S gamma 0 (S t)), (S_INR (S t)) by lia. fold x. field. lra. }
      rewrite E. assert (G : 0 < gamma * uniform_influence gamma 0 (S t) / (x + 1)) by (apply Rdiv_lt_0_compat; nra).
      assert (Q : 0 < (x + gamma) / (x + 2) < 1).
      { split; [apply Rdiv_lt_0_compat; lra|]. apply (Rmult_lt_reg_r (x + 2)); [lra|].
        replace ((x + gamma) / (x + 2) * (x + 2)) with (x + gamma) by (field; lra). lra. }
      nra.
  Qed.

  Lemma gap_power t : (1 <= t)%nat ->
    gamma * gamma / 2 * Rpower (INR t) (gamma - 2) <= gap t <= gamma * / Gamma gamma * Rpower (INR t) (gamma - 2).
  Proof.
    intros Ht. pose proof (INR_ge_1 t Ht) as H1. rewrite gap_is_influence by easy.
    pose proof (influence_lower gamma 0 0 t Hg (Nat.le_refl _) Ht) as L. pose proof (influence_upper gamma 0 t Hg Ht) as U.
    change (0 + t)%nat with t in *. simpl (INR 0) in L. replace (gamma / (0 + 1)) with gamma in L by field.
    replace (gamma - 2) with (- (1 - gamma) + - (1)) by ring. rewrite Rpower_plus, (Rpower_Ropp (INR t) 1), Rpower_1 by lra.
    pose proof (Rpower_pos (INR t) (- (1 - gamma))) as P. set (p := Rpower (INR t) (- (1 - gamma))) in *.
    set (u := uniform_influence gamma 0 t) in *. pose proof (Rinv_0_lt_compat (Gamma gamma) (Gamma_pos gamma ltac:(lra))) as G. split.
    - apply (Rmult_le_reg_r (2 * INR t * (INR t + 1))); [nra|].
      replace (gamma * gamma / 2 * (p * / INR t) * (2 * INR t * (INR t + 1))) with (gamma * (gamma * p) * (INR t + 1)) by (field; lra).
      replace (gamma * u / (INR t + 1) * (2 * INR t * (INR t + 1))) with (gamma * u * (2 * INR t)) by (field; lra).
      apply Rmult_le_compat; try lra; [apply Rmult_le_pos; nra | apply Rmult_le_compat_l; lra].
    - replace (gamma * / Gamma gamma * (p * / INR t)) with (gamma * (/ Gamma gamma * p) / INR t) by (unfold Rdiv; ring).
      assert (0 < u) by now apply influence_pos. unfold Rdiv.
      apply Rmult_le_compat; [nra | left; apply Rinv_0_lt_compat; lra | apply Rmult_le_compat_l; lra | apply Rinv_le_contravar; lra].
  Qed.
End Code.

Theorem ours_position_gap_holds : ours_position_gap.
Proof.
  intros gamma c H gap. split; [now apply first_gap | split; [exact (gap_closed_form gamma c H)|]].
  intros Hg. split; [exact (gaps_fall gamma c H Hg)|].
  exists (gamma * gamma / 2), (gamma * / Gamma gamma). split; [nra | exact (gap_power gamma c H Hg)].
Qed.

(** The code itself, from the response to an impulse at 0: (1 - gamma y_t)/(1 - gamma). *)
Theorem ours_position_gap_instance : exists gamma c, ours_position_gap_hypotheses gamma c.
Proof.
  destruct (uniform_exists (1 / 2)) as [y Hy]. exists (1 / 2), (fun t => 2 - y O t).
  assert (Y0 : y O O = 1) by (apply (at_the_source _ _ _ _ 1 (Hy O 1%nat)); lia).
  split; [lra | split; [rewrite Y0; ring|]]. intros t Ht. pose proof (INR_ge_1 t Ht).
  rewrite sum_minus, sum_const. pose proof (Hy O (S t) t ltac:(lia)) as E. destruct (Nat.eqb_spec t 0); [lia|].
  rewrite sum_scal in E. rewrite E. field. lra.
Qed.
