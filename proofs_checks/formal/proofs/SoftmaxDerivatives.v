(** The derivative of a softmax row: total variation (B.4, 4.3). *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import ModelSums SoftmaxRows.
Open Scope R_scope.

(** d alpha_j = alpha_j (d b_j - sum_i alpha_i d b_i). *)
Lemma softmax_differential {U : NormedModule R_AbsRing} (logit dlogit : nat -> U -> R) (n j : nat) (z : U) :
  (j < n)%nat -> (forall i, (i < n)%nat -> filterdiff (logit i) (locally z) (dlogit i)) ->
  let alpha i := softmax (fun k => logit k z) n i in
  filterdiff (fun u => softmax (fun i => logit i u) n j) (locally z)
    (fun v => alpha j * (dlogit j v - sum (fun i => alpha i * dlogit i v) n)).
Proof.
  intros Hj Hd alpha. unfold softmax.
  assert (Dexp : forall i, (i < n)%nat ->
    filterdiff (fun u => exp (logit i u)) (locally z) (fun v => dlogit i v * exp (logit i z))).
  { intros i Hi. apply (filterdiff_comp' (logit i) exp z (dlogit i) (fun y => scal y (exp (logit i z)))); [now apply Hd|].
    apply is_derive_exp. }
  pose proof (filterdiff_sum (fun i u => exp (logit i u)) _ z n Dexp) as Dsum. cbn beta in Dsum.
  set (Z := sum (fun i => exp (logit i z)) n) in *.
  assert (HZ : 0 < Z) by (apply exp_sum_pos; lia).
  assert (Dinv : filterdiff (fun u => / sum (fun i => exp (logit i u)) n) (locally z)
            (fun v => sum (fun i => dlogit i v * exp (logit i z)) n * (- 1 / Z ^ 2))).
  { apply (filterdiff_comp' (fun u => sum (fun i => exp (logit i u)) n) Rinv z _ (fun y => scal y (- 1 / Z ^ 2))); [exact Dsum|].
    apply (is_derive_inv (fun y => y) Z 1); [apply (is_derive_id (K := R_AbsRing))|lra]. }
  pose proof (filterdiff_mult_fct (fun u => exp (logit j u)) _ z _ _ Rmult_comm (Dexp j Hj) Dinv) as Dprod.
  eapply filterdiff_ext_lin; [exact Dprod|]. intros v. cbv beta.
  unfold plus, mult; simpl. unfold alpha, softmax. fold Z.
  rewrite (msum_ext (fun i => exp (logit i z) / Z * dlogit i v) (fun i => (dlogit i v * exp (logit i z)) * / Z))
    by (intros; unfold Rdiv; ring).
  rewrite msum_scal_r. field; lra.
Qed.

(** sum_j alpha_j (m_j + sum_i alpha_i m_i) = 2 sum_i alpha_i m_i. *)
Theorem lem_B_4_holds : lem_B_4.
Proof.
  intros U n logit z dlogit size H alpha.
  set (mean := sum (fun i => alpha i z * size i) n).
  exists (fun j v => alpha j z * (dlogit j v - sum (fun i => alpha i z * dlogit i v) n)),
         (fun j => alpha j z * (size j + mean)).
  destruct (Nat.eq_dec n 0) as [->|Hn]; [split; [intros; lia | unfold mean; simpl; lra]|].
  assert (Pos : forall i, (i < n)%nat -> 0 < alpha i z) by (intros; now apply softmax_pos).
  split.
  - intros j Hj. split; [apply softmax_differential; auto; intros; now apply H|].
    intros v. rewrite norm_R, Rabs_mult, Rabs_pos_eq by (left; auto).
    rewrite Rmult_assoc. apply Rmult_le_compat_l; [left; auto|].
    eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp, Rmult_plus_distr_r.
    apply Rplus_le_compat; [now apply H|].
    eapply Rle_trans; [apply msum_Rabs|]. unfold mean. rewrite <- msum_scal_r. apply msum_le. intros i Hi.
    rewrite Rabs_mult, Rabs_pos_eq, Rmult_assoc by (left; auto). apply Rmult_le_compat_l; [left; auto|]. now apply H.
  - rewrite (msum_ext _ (fun j => alpha j z * size j + alpha j z * mean)) by (intros; ring).
    rewrite msum_plus, msum_scal_r. fold mean.
    replace (sum (fun j => alpha j z) n) with 1 by (symmetry; apply softmax_sum; lia). lra.
Qed.

Lemma opnorm_id : opnorm_le (U := R_NormedModule) (V := R_NormedModule) (fun v : R => v) 1.
Proof. intros v. lra. Qed.

Lemma opnorm_zero {U V : NormedModule R_AbsRing} : opnorm_le (U := U) (V := V) (fun _ => zero) 0.
Proof. intros v. rewrite (norm_zero (V := V)); lra. Qed.

Theorem lem_B_4_instance : exists U n logit z dlogit size, lem_B_4_hypotheses U n logit z dlogit size.
Proof.
  exists R_NormedModule, 2%nat, (fun i (u : R) => if Nat.eqb i 0 then u else 2), (0 : R),
    (fun i (v : R) => if Nat.eqb i 0 then v else 0), (fun i => if Nat.eqb i 0 then 1 else 0).
  intros i Hi. destruct (Nat.eqb i 0); split.
  - apply filterdiff_id.
  - apply opnorm_id.
  - apply (filterdiff_const (U := R_NormedModule) (V := R_NormedModule) (2 : R)).
  - intros v. cbv beta. rewrite (norm_R 0), Rabs_R0; lra.
Qed.

(** ** Lemma 4.3: one logit moves *)

Theorem lem_4_3_holds : lem_4_3.
Proof.
  intros U q k d x t tau dlogit size (Ht & Hs & Hd & Hsize) alpha.
  set (logit := fun i u => attention_logit q k d (with_token x tau u) t i).
  set (weight := fun i => softmax (fun k => logit k (x tau)) (S t) i).
  (* only the logit at tau depends on token tau *)
  assert (Dlogit : forall i, (i < S t)%nat ->
    filterdiff (logit i) (locally (x tau)) (fun v => if Nat.eqb i tau then dlogit v else 0)).
  { intros i Hi. destruct (Nat.eqb_spec i tau) as [->|Hne]; [exact Hd|].
    apply filterdiff_ext with (fun _ => attention_logit q k d x t i).
    - intros u. unfold logit, attention_logit. now rewrite !with_token_other by lia.
    - apply (filterdiff_const (F := locally (x tau)) (attention_logit q k d x t i : R)). }
  assert (Alpha : weight tau = alpha).
  { unfold weight, alpha, attention_weight, softmax, logit, attention_logit.
    rewrite !with_token_self. f_equal. apply msum_ext. intros i _. now rewrite !with_token_self. }
  exists (fun j v => weight j * ((if Nat.eqb j tau then dlogit v else 0)
                       - sum (fun i => weight i * (if Nat.eqb i tau then dlogit v else 0)) (S t))),
         (fun j => weight j * ((if Nat.eqb j tau then 1 else 0) * (1 - alpha) + (if Nat.eqb j tau then 0 else 1) * alpha) * size).
  assert (Pos : forall i, (i < S t)%nat -> 0 < weight i) by (intros; now apply softmax_pos).
  assert (A1 : 0 < alpha <= 1) by (rewrite <- Alpha; split; [apply Pos; lia | apply softmax_le_1; lia]).
  (* the weight at tau gains alpha (1 - alpha), all others together lose as much *)
  assert (Total : sum (fun j => weight j * ((if Nat.eqb j tau then 1 else 0) * (1 - alpha)
                    + (if Nat.eqb j tau then 0 else 1) * alpha) * size) (S t) = 2 * alpha * (1 - alpha) * size).
  { rewrite msum_scal_r. f_equal. rewrite (msum_remove _ (S t) tau) by lia. rewrite Nat.eqb_refl, Alpha.
    rewrite (msum_ext _ (fun i => (if Nat.eqb i tau then 0 else weight i) * alpha)).
    - rewrite msum_scal_r. pose proof (msum_remove weight (S t) tau ltac:(lia)) as Q.
      rewrite Alpha in Q. unfold weight in Q at 1. rewrite softmax_sum in Q by lia.
      replace (sum (fun i => if Nat.eqb i tau then 0 else weight i) (S t)) with (1 - alpha) by lra. ring.
    - intros i _. destruct (Nat.eqb i tau); ring. }
  split; [|split; [exact Total|]].
  - intros j Hj. split.
    { apply (softmax_differential logit (fun i v => if Nat.eqb i tau then dlogit v else 0) (S t) j (x tau)); [lia|exact Dlogit]. }
    intros v. rewrite (msum_remove _ (S t) tau) by lia. rewrite Nat.eqb_refl, Alpha.
    rewrite (msum_zero (fun i => if Nat.eqb i tau then 0 else _)) by (intros i _; destruct (Nat.eqb i tau); ring).
    specialize (Hsize v). rewrite norm_R in *.
    rewrite Rabs_mult, (Rabs_pos_eq (weight j)), !Rmult_assoc by (left; apply Pos; lia).
    apply Rmult_le_compat_l; [left; apply Pos; lia|].
    destruct (Nat.eqb j tau).
    + replace (dlogit v - (alpha * dlogit v + 0)) with ((1 - alpha) * dlogit v) by ring.
      rewrite Rabs_mult, Rabs_pos_eq by lra.
      apply Rle_trans with ((1 - alpha) * (size * norm v)); [apply Rmult_le_compat_l; lra | right; ring].
    + replace (0 - (alpha * dlogit v + 0)) with (- (alpha * dlogit v)) by ring.
      rewrite Rabs_Ropp, Rabs_mult, (Rabs_pos_eq alpha) by lra.
      apply Rle_trans with (alpha * (size * norm v)); [apply Rmult_le_compat_l; lra | right; ring].
  - rewrite Total. replace (2 * alpha * size) with (2 * alpha * 1 * size) by ring.
    apply Rmult_le_compat_r; [easy|]. apply Rmult_le_compat_l; lra.
Qed.

Theorem lem_4_3_instance : exists U q k d x t tau dlogit size, lem_4_3_hypotheses U q k d x t tau dlogit size.
Proof.
  (* tokens are numbers; the query is the token itself, the key three times the token *)
  exists R_NormedModule, (fun u (_ : nat) => u), (fun (u : R) (_ : nat) => 3 * u), 1%nat, (fun j : nat => INR j + 1), 2%nat, 1%nat,
    (fun v : R => scal v 9), 9.
  split; [lia|]. split; [lra|]. split.
  - apply (is_derive_ext (fun u : R => 9 * u)).
    + intros u. unfold attention_logit, with_token. simpl. lra.
    + auto_derive; [easy|ring].
  - intros v. change (Rabs (v * 9) <= 9 * Rabs v). rewrite Rabs_mult, (Rabs_pos_eq 9); lra.
Qed.
