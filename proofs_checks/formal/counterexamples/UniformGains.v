(** Bent statements on Gautschi's inequality and on uniform routing are false. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Powers GammaLimit ImpulseResponse UniformRouting ClosedForms.
Open Scope R_scope.

(** Lemma F.1 with t^(gamma-1) below too: at gamma = 1/2 the quotients at t and t + 1/2 multiply to 1/(t + 1/2). *)
Theorem lem_F_1_no_shift_false :
  ~ (forall gamma t, lem_F_1_hypotheses gamma t -> Rpower t (gamma - 1) <= Gamma (t + gamma) / Gamma (t + 1) <= Rpower t (gamma - 1)).
Proof.
  intros B. destruct (B (1 / 2) (1 / 2) ltac:(unfold lem_F_1_hypotheses; lra)) as [B1 _].
  destruct (B (1 / 2) 1 ltac:(unfold lem_F_1_hypotheses; lra)) as [B2 _]. clear B.
  replace (1 / 2 + 1 / 2) with 1 in B1 by field. rewrite Gamma_1 in B1. rewrite (Rplus_comm 1 (1 / 2)), !Gamma_plus_1, Gamma_1 in * by lra.
  replace (1 / 2 - 1) with (- (1 / 2)) in * by field. rewrite !Rpower_Ropp in *.
  pose proof (Gamma_pos (1 / 2) ltac:(lra)) as G. set (g := Gamma (1 / 2)) in *.
  assert (E1 : Rpower 1 (1 / 2) = 1) by (unfold Rpower; rewrite ln_1, Rmult_0_r; apply exp_0). rewrite E1 in B2.
  pose proof (Rpower_pos (1 / 2) (1 / 2)) as P. set (s := Rpower (1 / 2) (1 / 2)) in *.
  assert (E : s * s = 1 / 2) by (unfold s; rewrite <- Rpower_plus; replace (1 / 2 + 1 / 2) with 1 by field; apply Rpower_1; lra).
  (* 1/s <= 2/g and 1 <= g/2, so g <= 2 s < 2 <= g *)
  replace (1 / 2 * g / (1 * 1)) with (g / 2) in B2 by field. replace (1 / (1 / 2 * g)) with (2 / g) in B1 by (field; lra).
  apply (Rmult_le_compat_r (g * s)) in B1; [|nra]. replace (/ s * (g * s)) with g in B1 by (field; lra).
  replace (2 / g * (g * s)) with (2 * s) in B1 by (field; lra). nra.
Qed.

(** A negative gain with the exponent 2 + g: g = 1/2, lag 2. *)
Theorem ours_negative_gain_exponent_false :
  ~ ((forall gamma tau y, ours_negative_gain_hypotheses gamma tau y ->
      forall t, (tau < t)%nat -> y t = gamma * source_factor gamma tau * target_factor gamma t)
     /\ forall g y, 0 < g < 1 -> ours_negative_gain_hypotheses (- g) 0 y ->
        (forall l, (1 <= l)%nat ->
         g / Gamma (1 - g) * Rpower (INR l) (- (1 + g)) <= - y l <= g * Rpower (INR l) (- (2 + g)))
        /\ y 1%nat = - g
        /\ forall C, g / Gamma (1 - g) < C -> exists l, (1 <= l)%nat /\ - y l < C * Rpower (INR l) (- (1 + g))).
Proof.
  intros [_ B]. destruct (uniform_exists (- (1 / 2))) as [y H].
  destruct (B (1 / 2) (y O) ltac:(lra) ltac:(split; [lra | apply H])) as [B' _]. destruct (B' 2%nat ltac:(lia)) as [_ B2]. clear B B'. rename B2 into B.
  rewrite (uniform_closed_form (- (1 / 2)) 0 (y O) 2 ltac:(lra) (H _)) in B by lia. unfold uniform_influence in B.
  rewrite growth_S, growth_start in B by lia. simpl in B.
  replace (- (- (1 / 2) / (1 + 1) * (1 * (1 + - (1 / 2) / 1)))) with (1 / 8) in B by field.
  replace (1 + 1) with 2 in B by ring. rewrite Rpower_Ropp in B.
  assert (P : Rpower 2 2 < Rpower 2 (2 + 1 / 2)) by (apply Rpower_lt; lra).
  replace 2 with (INR 2) in P at 2 by (simpl; ring). rewrite Rpower_pow in P by lra.
  assert (Q : / Rpower 2 (2 + 1 / 2) < / 2 ^ 2) by (apply Rinv_lt_contravar; [apply Rmult_lt_0_compat; [lra | apply Rpower_pos] | easy]).
  simpl in Q. lra.
Qed.

(** Corollary F.3 for sources beyond tau_max: the constant gamma/(tau_max + 1) fails at tau = 1 for tau_max = 0. *)
Theorem ours_bounded_source_constants_beyond_false :
  ~ (forall gamma y, cor_F_2_hypotheses gamma y -> forall tau_max,
     (forall tau l, (0 <= tau)%nat -> (1 <= l)%nat ->
      gamma / (INR tau_max + 1) * Rpower (INR l) (- (1 - gamma)) <= y tau (tau + l)%nat
      /\ y tau (tau + l)%nat <= gamma / Gamma (1 + gamma) * Rpower (INR l) (- (1 - gamma)))
     /\ y tau_max (tau_max + 1)%nat = gamma / (INR tau_max + 1)
     /\ gamma * source_factor gamma 0 = gamma / Gamma (1 + gamma)
     /\ Rpower (INR tau_max + 2) (- (1 - gamma)) * (gamma * source_factor gamma tau_max) < gamma / (INR tau_max + 1)
     /\ forall C, C < gamma / Gamma (1 + gamma) -> exists l, (1 <= l)%nat /\ C * Rpower (INR l) (- (1 - gamma)) < y O l).
Proof.
  intros F. destruct cor_F_2_instance as (gamma & y & H). destruct (F gamma y H O) as [B' _].
  destruct (B' 1%nat 1%nat ltac:(lia) (Nat.le_refl _)) as [B _]. clear F B'. destruct H as [Hg Hy].
  rewrite (uniform_closed_form gamma 1 (y 1%nat) _ ltac:(lra) (Hy _)), (first_influence gamma 1) in B by lia.
  unfold Rpower in B. simpl in B. rewrite ln_1, Rmult_0_r, exp_0 in B. lra.
Qed.
