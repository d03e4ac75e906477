(** Mamba: end-to-end Jacobians by accumulated discretisation time (Proposition 4, Corollary 4.6). *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors Euclid SoftmaxDerivatives StateSpace.
Open Scope R_scope.

(** The derivative of a product of two numbers, and of a number times a constant. *)
Lemma filterdiff_times {U : NormedModule R_AbsRing} (f g df dg : U -> R) (x : U) :
  filterdiff f (locally x) df -> filterdiff g (locally x) dg ->
  filterdiff (fun u => f u * g u) (locally x) (fun v => df v * g x + f x * dg v).
Proof. intros Hf Hg. exact (filterdiff_mult_fct f g x df dg Rmult_comm Hf Hg). Qed.

Lemma filterdiff_times_const {U : NormedModule R_AbsRing} (f df : U -> R) (c : R) (x : U) :
  filterdiff f (locally x) df -> filterdiff (fun u => f u * c) (locally x) (fun v => df v * c).
Proof.
  intros Hf. eapply filterdiff_ext_lin.
  - apply (filterdiff_times f (fun _ => c) df (fun _ => 0)); [easy|]. apply (filterdiff_const (V := R_NormedModule) (c : R)).
  - intros v. change (df v * c + f x * 0 = df v * c). ring.
Qed.

Section Block.
Context {U : NormedModule R_AbsRing} (a : nat -> R) (step : nat -> U -> R) (u : nat -> U -> nat -> R).
Context (B C : nat -> U -> nat -> nat -> R) (p d q : nat) (x : nat -> U) (tau : nat).
Notation state := (ssm_state a step u B p).
Notation transition t y n := (exp (- (a n * step t y))).

Lemma state_S y t n : state y (S t) n
  = transition t (y t) n * state y t n + (1 - transition t (y t) n) / a n * mat_vec p (B t (y t)) (u t (y t)) n.
Proof. easy. Qed.

(** The state before step tau does not know token tau. *)
Lemma state_before v t n : (t <= tau)%nat -> state (with_token x tau v) t n = state x t n.
Proof.
  induction t as [|t IH]; intros Ht; [easy|]. rewrite !state_S. now rewrite IH, with_token_other by lia.
Qed.

(** After step tau a change of token tau passes on through the transitions alone. *)
Lemma state_after v lag n :
  state (with_token x tau v) (S (tau + lag)) n - state x (S (tau + lag)) n
  = prod (fun r => transition (tau + 1 + r)%nat (x (tau + 1 + r)%nat) n) lag
    * (state (with_token x tau v) (S tau) n - state x (S tau) n).
Proof.
  induction lag as [|lag IH]; [rewrite Nat.add_0_r; cbn [prod]; ring|].
  replace (tau + S lag)%nat with (S (tau + lag)) by lia. cbn [prod].
  rewrite !(state_S _ (S (tau + lag))), with_token_other by lia.
  replace (tau + 1 + lag)%nat with (S (tau + lag)) by lia.
  transitivity (transition (S (tau + lag)) (x (S (tau + lag))) n
    * (state (with_token x tau v) (S (tau + lag)) n - state x (S (tau + lag)) n)); [ring | rewrite IH; ring].
Qed.

Context (dA : nat -> U -> R) (dB : nat -> nat -> U -> R) (du : nat -> U -> R).
Context (HA : forall n, (n < d)%nat -> filterdiff (fun v => transition tau v n) (locally (x tau)) (dA n)).
Context (HB : forall n i, (n < d)%nat -> (i < p)%nat -> filterdiff (fun v => B tau v n i) (locally (x tau)) (dB n i)).
Context (Hu : forall i, (i < p)%nat -> filterdiff (fun v => u tau v i) (locally (x tau)) (du i)).

(** The derivative of the state right after step tau. *)
Definition source (n : nat) (v : U) : R :=
  dA n v * state x tau n + (- (dA n v / a n) * mat_vec p (B tau (x tau)) (u tau (x tau)) n
    + (1 - transition tau (x tau) n) / a n
      * (mat_vec p (fun n i => dB n i v) (u tau (x tau)) n + mat_vec p (B tau (x tau)) (fun i => du i v) n)).

Lemma source_derivative n : (n < d)%nat ->
  filterdiff (fun v => state (with_token x tau v) (S tau) n) (locally (x tau)) (source n).
Proof.
  intros Hn.
  apply filterdiff_ext with (fun v => transition tau v n * state x tau n
    + (1 - transition tau v n) / a n * mat_vec p (B tau v) (u tau v) n).
  { intros v. now rewrite state_S, with_token_same, state_before. }
  apply (filterdiff_plus_fct (V := R_NormedModule) (fun v => transition tau v n * state x tau n)
    (fun v => (1 - transition tau v n) / a n * mat_vec p (B tau v) (u tau v) n)).
  { apply filterdiff_times_const. now apply HA. }
  apply (filterdiff_times (fun v => (1 - transition tau v n) / a n) (fun v => mat_vec p (B tau v) (u tau v) n)
    (fun v => - (dA n v / a n))
    (fun v => mat_vec p (fun n i => dB n i v) (u tau (x tau)) n + mat_vec p (B tau (x tau)) (fun i => du i v) n)).
  - apply filterdiff_ext with (fun v => 1 * / a n + transition tau v n * - / a n); [intros v; change (1 * / a n + transition tau v n * - / a n = (1 - transition tau v n) / a n); unfold Rdiv; ring|].
    eapply filterdiff_ext_lin.
    + apply (filterdiff_plus_fct (V := R_NormedModule) (fun _ => 1 * / a n) (fun v => transition tau v n * - / a n)).
      * apply (filterdiff_const (V := R_NormedModule) (1 * / a n : R)).
      * apply filterdiff_times_const, HA, Hn.
    + intros v. change (0 + dA n v * - / a n = - (dA n v / a n)). unfold Rdiv; ring.
  - eapply filterdiff_ext_lin.
    + apply (filterdiff_sum (fun i v => B tau v n i * u tau v i)
        (fun i v => dB n i v * u tau (x tau) i + B tau (x tau) n i * du i v)).
      intros i Hi. apply (filterdiff_times (fun v => B tau v n i) (fun v => u tau v i)); [now apply HB | now apply Hu].
    + intros v. apply sum_plus.
Qed.

(** The derivative of the output at a later time. *)
Definition output_derivative (lag o : nat) (v : U) : R :=
  mat_vec d (C (tau + lag)%nat (x (tau + lag)%nat))
    (fun n => prod (fun r => transition (tau + 1 + r)%nat (x (tau + 1 + r)%nat) n) lag * source n v) o.

Lemma output_has_derivative lag o : (0 < lag)%nat ->
  filterdiff (fun v => ssm_output a step u B C p d (with_token x tau v) (tau + lag) o) (locally (x tau)) (output_derivative lag o).
Proof.
  intros Hlag. unfold ssm_output, output_derivative, mat_vec.
  apply (filterdiff_sum (fun n v => C (tau + lag)%nat (with_token x tau v (tau + lag)%nat) o n
                                   * state (with_token x tau v) (S (tau + lag)) n)).
  intros n Hn. set (P := prod _ _). set (c := C (tau + lag)%nat (x (tau + lag)%nat) o n).
  apply filterdiff_ext with (fun v => c * (state x (S (tau + lag)) n - P * state x (S tau) n)
                                      + state (with_token x tau v) (S tau) n * (c * P)).
  { intros v. rewrite with_token_other by lia. fold c. pose proof (state_after v lag n) as E. fold P in E.
    replace (state (with_token x tau v) (S (tau + lag)) n)
      with (state x (S (tau + lag)) n + P * (state (with_token x tau v) (S tau) n - state x (S tau) n)) by lra.
    change (c * (state x (S (tau + lag)) n - P * state x (S tau) n) + state (with_token x tau v) (S tau) n * (c * P)
      = c * (state x (S (tau + lag)) n + P * (state (with_token x tau v) (S tau) n - state x (S tau) n))). ring. }
  eapply filterdiff_ext_lin.
  - apply (filterdiff_plus_fct (V := R_NormedModule) (fun _ => c * (state x (S (tau + lag)) n - P * state x (S tau) n))
      (fun v => state (with_token x tau v) (S tau) n * (c * P))).
    + apply (filterdiff_const (V := R_NormedModule) (c * (state x (S (tau + lag)) n - P * state x (S tau) n) : R)).
    + apply filterdiff_times_const, source_derivative, Hn.
  - intros v. cbv beta. change (0 + source n v * (c * P) = c * (P * source n v)). ring.
Qed.
End Block.

(** At the source: four terms, bounded by the state, the derivative of the transition, of the matrix and of the input. *)
Lemma source_bound U a step u B C p d q x t tau dA dB du lambda UR Gmax CR LA LB Lu :
  prop_4_hypotheses U a step u B C p d q x t tau dA dB du lambda UR Gmax CR LA LB Lu -> forall v,
  CR * norm2 d (fun n => source a step u B p x tau dA dB du n v) <= prop_4_constant d lambda UR Gmax CR LA LB Lu * norm v.
Proof.
  intros (Ht & Hl & U0 & G0 & C0 & A0 & B0 & u0 & Ha & Hs & HuR & HG & HC & DA & DB & Du & BA & BB & Bu) v.
  unfold prop_4_constant. rewrite Rmult_assoc. apply Rmult_le_compat_l; [easy|].
  set (b := mat_vec p (B tau (x tau)) (u tau (x tau))). pose proof (norm_ge_0 (V := U) v) as V0.
  set (state := ssm_state a step u B p x).
  assert (bBound : forall r, norm2 d (mat_vec p (B r (x r)) (u r (x r))) <= Gmax * UR).
  { intros r. eapply Rle_trans; [apply HG|]. now apply Rmult_le_compat_l. }
  assert (Il : 0 < / lambda) by now apply Rinv_0_lt_compat.
  assert (In : forall n, (n < d)%nat -> 0 < / a n <= / lambda).
  { intros n Hn. specialize (Ha n Hn). split; [apply Rinv_0_lt_compat; lra | apply Rinv_le_contravar; lra]. }
  (* the state: Lemma 4.4 in each mode *)
  assert (State : norm2 d (state tau) <= sqrt (INR d) * (Gmax * UR / lambda)).
  { apply norm2_bounded. intros n Hn.
    apply (lem_4_4_holds (fun r => state r n) (fun r => mat_vec p (B r (x r)) (u r (x r)) n) (fun r => step r (x r)) (a n) lambda);
      [|easy]. split; [split; [easy | now apply Ha]|]. split; [easy|]. split; [|easy].
    intros r. eapply Rle_trans; [apply (coordinate_le d n _ Hn) | apply bBound]. }
  eapply Rle_trans; [apply (norm2_plus d (fun n => dA n v * state tau n))|].
  rewrite 2!Rmult_plus_distr_r, Rplus_assoc. apply Rplus_le_compat.
  { apply Rle_trans with (norm2 d (fun n => (LA * norm v) * state tau n)).
    - apply norm2_mono. intros n Hn.
      rewrite (Rabs_mult (dA n v)), (Rabs_mult (LA * norm v)), (Rabs_pos_eq (LA * norm v)) by now apply Rmult_le_pos.
      apply Rmult_le_compat_r; [apply Rabs_pos | now apply BA].
    - rewrite norm2_scal, Rabs_pos_eq by now apply Rmult_le_pos.
      rewrite Rmult_assoc, (Rmult_assoc LA). apply Rmult_le_compat_l; [easy|]. rewrite Rmult_comm.
      now apply Rmult_le_compat_r. }
  eapply Rle_trans; [apply (norm2_plus d (fun n => - (dA n v / a n) * b n))|].
  apply Rplus_le_compat.
  { apply Rle_trans with (norm2 d (fun n => (LA / lambda * norm v) * b n)).
    - apply norm2_mono. intros n Hn. unfold Rdiv. rewrite !Rabs_mult, Rabs_Ropp, !Rabs_mult.
      destruct (In n Hn). rewrite (Rabs_pos_eq (/ a n)), (Rabs_pos_eq LA), (Rabs_pos_eq (/ lambda)), (Rabs_pos_eq (norm v)) by lra.
      apply Rmult_le_compat_r; [apply Rabs_pos|]. rewrite (Rmult_assoc LA), (Rmult_comm (/ lambda)), <- Rmult_assoc.
      apply Rmult_le_compat; [apply Rabs_pos | lra | now apply BA | easy].
    - rewrite norm2_scal, Rabs_pos_eq by (repeat apply Rmult_le_pos; lra).
      replace (LA / lambda * (Gmax * UR) * norm v) with (LA / lambda * norm v * (Gmax * UR)) by ring.
      apply Rmult_le_compat_l; [repeat apply Rmult_le_pos; lra|]. apply bBound. }
  apply Rle_trans with (norm2 d (fun n => / lambda
    * (mat_vec p (fun n i => dB n i v) (u tau (x tau)) n + mat_vec p (B tau (x tau)) (fun i => du i v) n))).
  { apply norm2_mono. intros n Hn. rewrite !Rabs_mult. apply Rmult_le_compat_r; [apply Rabs_pos|].
    destruct (In n Hn). pose proof (decay_factor (a n) (step tau (x tau)) ltac:(specialize (Ha n Hn); lra) (Hs tau)).
    rewrite (Rabs_pos_eq (/ lambda)) by lra. rewrite Rabs_pos_eq by (apply Rmult_le_pos; lra).
    unfold Rdiv. rewrite <- (Rmult_1_l (/ lambda)). apply Rmult_le_compat; lra. }
  rewrite norm2_scal, Rabs_pos_eq, Rmult_assoc by lra. apply Rmult_le_compat_l; [lra|].
  eapply Rle_trans; [apply norm2_plus|]. rewrite Rmult_plus_distr_r. apply Rplus_le_compat.
  - eapply Rle_trans; [apply BB|]. replace (LB * UR * norm v) with (LB * norm v * UR) by ring.
    apply Rmult_le_compat_l; [now apply Rmult_le_pos | apply HuR].
  - eapply Rle_trans; [apply HG|]. rewrite Rmult_assoc. now apply Rmult_le_compat_l.
Qed.

Theorem prop_4_holds : prop_4.
Proof.
  intros U a step u B C p d q x t tau dA dB du lambda UR Gmax CR LA LB Lu H.
  pose proof (source_bound _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ H) as Source.
  destruct H as (Ht & Hl & U0 & G0 & C0 & A0 & B0 & u0 & Ha & Hs & HuR & HG & HC & DA & DB & Du & BA & BB & Bu).
  exists (fun o => output_derivative a step u B C p d x tau dA dB du (t - tau) o). split.
  - intros o Ho.
    pose proof (output_has_derivative a step u B C p d x tau dA dB du DA DB Du (t - tau) o ltac:(lia)) as D.
    replace (tau + (t - tau))%nat with t in D by lia. exact D.
  - intros v. unfold output_derivative. replace (tau + (t - tau))%nat with t by lia. cbv beta.
    eapply Rle_trans; [apply HC|]. set (E := memory_factor _ _ _ _). assert (PE : 0 < E) by apply exp_pos.
    apply Rle_trans with (CR * (E * norm2 d (fun n => source a step u B p x tau dA dB du n v))).
    + apply Rmult_le_compat_l; [easy|]. rewrite <- (Rabs_pos_eq E) by lra. rewrite <- norm2_scal. apply norm2_mono. intros n Hn.
      destruct (transitions_le (a n) lambda (fun r => step r (x r)) tau (t - tau) (Ha n Hn) Hs) as [P L].
      rewrite !Rabs_mult, (Rabs_pos_eq (prod _ _)), (Rabs_pos_eq E) by (left; easy).
      now apply Rmult_le_compat_r; [apply Rabs_pos|].
    + specialize (Source v). apply (Rmult_le_compat_l E) in Source; [|lra]. lra.
Qed.

Theorem cor_4_6_holds : cor_4_6.
Proof.
  intros U a step u B C p d q x t tau dA dB du lambda UR Gmax CR LA LB Lu c [H Hfreeze].
  destruct (prop_4_holds _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ H) as [dy [Hdy Bound]].
  exists dy. split; [exact Hdy|]. intros v. eapply Rle_trans; [apply Bound|].
  assert (Hl : 0 < lambda) by apply H.
  destruct (prop_5_holds lambda c (fun r => step r (x r)) tau (t - tau)%nat Hfreeze) as [_ Decay].
  assert (K0 : 0 <= prop_4_constant d lambda UR Gmax CR LA LB Lu).
  { destruct H as (_ & _ & U0 & G0 & C0 & A0 & B0 & u0 & _). unfold prop_4_constant.
    pose proof (Rinv_0_lt_compat _ Hl). pose proof (sqrt_pos (INR d)).
    repeat (apply Rmult_le_pos || apply Rplus_le_le_0_compat); lra. }
  apply Rmult_le_compat_r; [apply (norm_ge_0 (V := U))|]. now apply Rmult_le_compat_l.
Qed.

(** One mode of rate 1 whose step is y^2 + 1 and whose input is y, at the constant sequence 1. *)
Theorem cor_4_6_instance : exists U a step u B C p d q x t tau dA dB du lambda UR Gmax CR LA LB Lu c,
  cor_4_6_hypotheses U a step u B C p d q x t tau dA dB du lambda UR Gmax CR LA LB Lu c.
Proof.
  exists R_NormedModule, (fun _ => 1), (fun _ (y : R) => y ^ 2 + 1), (fun _ (y : R) _ => y), (fun _ _ _ _ => 2), (fun _ _ _ _ => 3),
    1%nat, 1%nat, 1%nat, (fun _ => 1), 3%nat, 1%nat, (fun _ (v : R) => scal v (- 2 * exp (- 2))), (fun _ _ _ => 0), (fun _ (v : R) => v),
    1, 1, 2, 3, (2 * exp (- 2)), 0, 1, 2.
  pose proof (exp_pos (- 2)) as P.
  split; [|split; simpl; lra].
  unfold prop_4_hypotheses. repeat match goal with |- _ /\ _ => split end; try lra; try lia.
  - intros n _; lra.
  - intros r; nra.
  - intros r. rewrite norm2_1, Rabs_R1; lra.
  - intros r w. rewrite norm2_entry, Rabs_pos_eq; lra.
  - intros r w. rewrite norm2_entry, Rabs_pos_eq; lra.
  - intros n _. apply (is_derive_ext (fun v : R => exp (- (1 * (v ^ 2 + 1))))); [easy|].
    auto_derive; [easy|]. replace (- (1 * (1 * (1 * 1) + 1))) with (- 2) by ring. ring.
  - intros n i _ _. apply (filterdiff_const (V := R_NormedModule) (2 : R)).
  - intros i _. apply (filterdiff_id (V := R_NormedModule)).
  - intros n v _. change (Rabs (v * (- 2 * exp (- 2))) <= 2 * exp (- 2) * Rabs v).
    rewrite Rabs_mult, (Rabs_left (- 2 * exp (- 2))) by lra. lra.
  - intros v w. rewrite norm2_entry, Rabs_R0; lra.
  - intros v. rewrite norm2_1. change (Rabs v <= 1 * Rabs v). lra.
Qed.

Theorem prop_4_instance : exists U a step u B C p d q x t tau dA dB du lambda UR Gmax CR LA LB Lu,
  prop_4_hypotheses U a step u B C p d q x t tau dA dB du lambda UR Gmax CR LA LB Lu.
Proof.
  destruct cor_4_6_instance as (U & a & step & u & B & C & p & d & q & x & t & tau & dA & dB & du & lambda & UR & Gmax & CR & LA & LB
    & Lu & c & H & _).
  exists U, a, step, u, B, C, p, d, q, x, t, tau, dA, dB, du, lambda, UR, Gmax, CR, LA, LB, Lu. exact H.
Qed.
