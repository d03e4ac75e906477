(** Stable linear time-invariant systems forget exponentially (Proposition 3). *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors Euclid Recurrences.
Open Scope R_scope.

Lemma mat_vec_sum n M m x w i :
  mat_vec n M (fun j => sum (fun k => x k * w k j) m) i = sum (fun k => x k * mat_vec n M (w k) i) m.
Proof.
  unfold mat_vec. rewrite (sum_ext _ (fun j => sum (fun k => x k * (M i j * w k j)) m))
    by (intros; rewrite <- sum_scal; apply sum_ext; intros; ring).
  rewrite sum_swap. apply sum_ext. intros. apply sum_scal.
Qed.

Lemma mat_vec_local n M v w i : (forall j, (j < n)%nat -> v j = w j) -> mat_vec n M v i = mat_vec n M w i.
Proof. intros H. apply sum_ext. intros j Hj. now rewrite H. Qed.

Section System.
Context (d p q : nat) (A B C : nat -> nat -> R).

Lemma iterate_sum m x w l n :
  iterate d A (fun j => sum (fun k => x k * w k j) m) l n = sum (fun k => x k * iterate d A (w k) l n) m.
Proof.
  revert n. induction l as [|l IH]; intros n; [easy|]. cbn [iterate].
  rewrite (mat_vec_local d A _ (fun j => sum (fun k => x k * iterate d A (w k) l j) m)) by (intros; apply IH). apply mat_vec_sum.
Qed.

Lemma iterate_local v w l n : (forall j, (j < d)%nat -> v j = w j) -> (n < d)%nat -> iterate d A v l n = iterate d A w l n.
Proof.
  intros H. revert n. induction l as [|l IH]; intros n Hn; [now apply H|]. cbn [iterate]. apply mat_vec_local. intros; now apply IH.
Qed.

Lemma iterate_add v k l n : iterate d A (iterate d A v k) l n = iterate d A v (k + l) n.
Proof.
  revert n. induction l as [|l IH]; intros n; [now rewrite Nat.add_0_r|]. rewrite Nat.add_succ_r. cbn [iterate].
  apply mat_vec_local. intros; apply IH.
Qed.

(** The response of output o to input i. *)
Definition response (o i l : nat) : R := mat_vec d C (iterate d A (fun n => B n i) l) o.

(** d + 1 states are dependent, hence d + 1 shifts of the response. *)
Lemma response_recurrence o i : exists m a, recurrent (response o i) a m.
Proof.
  destruct (dependent d (fun k n => iterate d A (fun n => B n i) k n)) as (c & (k & Hk & Hc) & Zero).
  destruct (recurrence_from_dependence (response o i) c (S d)) as (j & a & _ & Rec); [|exists k; split; [lia|easy] | now exists j, a].
  intros l. unfold response. rewrite (sum_ext _ (fun k => c k * mat_vec d C (iterate d A (iterate d A (fun n => B n i) k) l) o)).
  - rewrite <- mat_vec_sum. unfold mat_vec at 1. apply sum_all_zero. intros n Hn.
    rewrite <- iterate_sum. rewrite (iterate_local _ (fun _ => sum (fun k => 0 * 0) 0) l n); [|intros r Hr; now rewrite Zero|easy].
    rewrite (iterate_sum 0 (fun _ => 0) (fun _ _ => 0)). simpl. ring.
  - intros r _. f_equal. apply mat_vec_local. intros n _. symmetry. apply iterate_add.
Qed.

(** The state under inputs x(0), x(1), ... on channel i alone. *)
Lemma run_single x i t n : (i < p)%nat ->
  lti_run d p A B (fun s r => if Nat.eqb r i then x s else 0) t n
  = sum (fun s => x s * iterate d A (fun n => B n i) (t - 1 - s) n) t.
Proof.
  intros Hi. revert n. induction t as [|t IH]; intros n; [easy|]. cbn [lti_run sum]. f_equal.
  - rewrite (mat_vec_local d A _ (fun n => sum (fun s => x s * iterate d A (fun n => B n i) (t - 1 - s) n) t)) by (intros; apply IH).
    rewrite (mat_vec_sum d A t x (fun s => iterate d A (fun n => B n i) (t - 1 - s))). apply sum_ext. intros s Hs.
    replace (S t - 1 - s)%nat with (S (t - 1 - s)) by lia. easy.
  - replace (S t - 1 - t)%nat with 0%nat by lia. unfold mat_vec. rewrite (sum_remove _ p i Hi), Nat.eqb_refl, sum_all_zero.
    + simpl; ring.
    + intros r _. destruct (Nat.eqb r i); ring.
Qed.

Context (Stable : prop_3_hypotheses d p q A B C).

(** The input of signs makes the output the sum of |response|. *)
Lemma response_summable o i : (o < q)%nat -> (i < p)%nat -> exists K, forall t, sum (fun l => Rabs (response o i l)) t <= K.
Proof.
  intros Ho Hi. destruct (Stable 1) as [K HK]. exists (Rmax K 0). intros [|t]; [apply Rmax_r|]. eapply Rle_trans; [|apply Rmax_l].
  set (x := fun s => if Rle_dec 0 (response o i (t - s)) then 1 else -1).
  assert (X1 : forall s, Rabs (x s) = 1) by (intros; unfold x; destruct (Rle_dec _ _); [apply Rabs_R1 | rewrite Rabs_left; lra]).
  eapply Rle_trans; [|apply (HK (fun s r => if Nat.eqb r i then x s else 0)) with (t := t)].
  - eapply Rle_trans; [|apply (coordinate_le q o _ Ho)]. eapply Rle_trans; [|apply Rle_abs]. right.
    rewrite (mat_vec_local d C _ (fun n => sum (fun s => x s * iterate d A (fun n => B n i) (t - s) n) (S t))).
    + rewrite (mat_vec_sum d C (S t) x (fun s => iterate d A (fun n => B n i) (t - s))). fold (response o i).
      rewrite <- sum_rev. apply sum_ext. intros s Hs. replace (S t - 1 - s)%nat with (t - s)%nat by lia.
      change (mat_vec d C (iterate d A (fun n => B n i) (t - s)) o) with (response o i (t - s)).
      unfold x. destruct (Rle_dec 0 (response o i (t - s))); [rewrite Rabs_pos_eq | rewrite Rabs_left]; lra.
    + intros n _. rewrite run_single by easy. apply sum_ext. intros s Hs. now replace (S t - 1 - s)%nat with (t - s)%nat by lia.
  - intros s. unfold norm2. rewrite (sum_remove _ p i Hi), Nat.eqb_refl, sum_all_zero.
    + rewrite Rplus_0_r, <- pow2_abs, X1. replace (1 ^ 2) with 1 by ring. rewrite sqrt_1. lra.
    + intros r _. destruct (Nat.eqb r i); ring.
Qed.

Lemma summable_vanishes (g : nat -> R) K : (forall t, sum (fun l => Rabs (g l)) t <= K) ->
  forall eps, 0 < eps -> exists L0, forall L, (L0 <= L)%nat -> Rabs (g L) <= eps.
Proof.
  intros H. set (s := sum (fun l => Rabs (g l))).
  assert (Lim : ex_finite_lim_seq s) by (apply (ex_finite_lim_seq_incr s K); [intros n; unfold s; simpl; pose proof (Rabs_pos (g n)); lra | exact H]).
  destruct Lim as [lim Lim]. pose proof (proj1 (is_lim_seq_incr_1 s lim) Lim) as Lim1.
  pose proof (is_lim_seq_minus' _ _ _ _ Lim1 Lim) as D. rewrite Rminus_eq_0 in D. apply is_lim_seq_spec in D.
  intros eps He. destruct (D (mkposreal eps He)) as [L0 HL]. exists L0. intros L HL0. specialize (HL L HL0). simpl in HL.
  unfold s in HL. cbn [sum] in HL. rewrite Rminus_0_r in HL.
  replace (sum (fun l => Rabs (g l)) L + Rabs (g L) - sum (fun l => Rabs (g l)) L) with (Rabs (g L)) in HL by ring.
  rewrite Rabs_Rabsolu in HL. lra.
Qed.

(** One pair of constants for finitely many sequences. *)
Lemma uniform_decay (g : nat -> nat -> R) m :
  (forall i, (i < m)%nat -> exists c kappa, 0 < c /\ 0 < kappa < 1 /\ forall l, Rabs (g i l) <= c * kappa ^ l) ->
  exists c kappa, 0 < c /\ 0 < kappa < 1 /\ forall i l, (i < m)%nat -> Rabs (g i l) <= c * kappa ^ l.
Proof.
  induction m as [|m IH]; intros H; [exists 1, (1 / 2); split; [lra|]; split; [lra|]; intros; lia|].
  destruct IH as (c1 & k1 & C1 & K1 & B1); [intros; apply H; lia|]. destruct (H m ltac:(lia)) as (c2 & k2 & C2 & K2 & B2).
  exists (c1 + c2), (Rmax k1 k2). split; [lra|]. split; [split; [apply Rlt_le_trans with k1; [lra | apply Rmax_l] | apply Rmax_lub_lt; lra]|].
  intros i l Hi.
  assert (P1 : 0 < k1 ^ l) by (apply pow_lt; lra). assert (P2 : 0 < k2 ^ l) by (apply pow_lt; lra).
  assert (Q1 : k1 ^ l <= Rmax k1 k2 ^ l) by (apply pow_incr; split; [lra | apply Rmax_l]).
  assert (Q2 : k2 ^ l <= Rmax k1 k2 ^ l) by (apply pow_incr; split; [lra | apply Rmax_r]).
  destruct (Nat.eq_dec i m) as [->|Hne]; [specialize (B2 l) | specialize (B1 i l ltac:(lia))]; nra.
Qed.
End System.

Theorem prop_3_holds : prop_3.
Proof.
  intros d p q A B C Stable.
  destruct (uniform_decay (fun oi l => response d A B C (oi / p) (oi mod p) l) (q * p)) as (c & kappa & C0 & K & Bound).
  { intros oi Hoi. assert (Hp : (0 < p)%nat) by (destruct p; lia).
    assert (Ho : (oi / p < q)%nat) by (apply Nat.div_lt_upper_bound; lia).
    assert (Hi : (oi mod p < p)%nat) by (apply Nat.mod_upper_bound; lia).
    destruct (response_recurrence d A B C (oi / p) (oi mod p)) as (m & a & Rec).
    destruct (response_summable d p q A B C Stable (oi / p) (oi mod p) Ho Hi) as [S HS].
    exact (recurrence_decays _ (summable_vanishes _ S HS) a m Rec). }
  assert (Entry : forall o i l, (o < q)%nat -> (i < p)%nat -> Rabs (response d A B C o i l) <= c * kappa ^ l).
  { intros o i l Ho Hi. specialize (Bound (o * p + i)%nat l ltac:(nia)). cbv beta in Bound.
    rewrite Nat.div_add_l, Nat.div_small, Nat.add_0_r in Bound by lia.
    rewrite Nat.add_comm, Nat.mod_add, Nat.mod_small in Bound by lia. exact Bound. }
  set (K0 := sqrt (INR q) * (INR p * c)). assert (K0p : 0 <= K0).
  { unfold K0. pose proof (sqrt_pos (INR q)). pose proof (pos_INR p). repeat apply Rmult_le_pos; lra. }
  exists (K0 + 1), kappa. split; [lra|]. split; [easy|]. intros l w. assert (PK : 0 < kappa ^ l) by (apply pow_lt; lra).
  pose proof (norm2_nonneg p w) as W0.
  apply Rle_trans with (sqrt (INR q) * (INR p * (c * kappa ^ l * norm2 p w))).
  - apply norm2_bounded. intros o Ho.
    rewrite (mat_vec_local d C _ (fun n => sum (fun i => w i * iterate d A (fun n => B n i) l n) p)).
    + rewrite (mat_vec_sum d C p w (fun i => iterate d A (fun n => B n i) l)). eapply Rle_trans; [apply sum_Rabs_le|].
      rewrite <- sum_const. apply sum_le. intros i Hi. rewrite Rabs_mult, Rmult_comm.
      apply Rmult_le_compat; try apply Rabs_pos; [now apply Entry | now apply coordinate_le].
    + intros n Hn. rewrite <- iterate_sum. apply iterate_local; [|easy]. intros j _. apply sum_ext. intros; ring.
  - replace (sqrt (INR q) * (INR p * (c * kappa ^ l * norm2 p w))) with (K0 * (kappa ^ l * norm2 p w)) by (unfold K0; ring).
    rewrite Rmult_assoc. apply Rmult_le_compat_r; [apply Rmult_le_pos; lra | lra].
Qed.

(** One state with A = 1/2, B = C = 1. *)
Theorem prop_3_instance : exists d p q A B C, prop_3_hypotheses d p q A B C.
Proof.
  exists 1%nat, 1%nat, 1%nat, (fun _ _ => 1 / 2), (fun _ _ => 1), (fun _ _ => 1). intros M. exists (2 * M). intros u Hu t.
  assert (One : forall v, norm2 1 v = Rabs (v O)).
  { intros v. unfold norm2; simpl. rewrite Rmult_1_r, Rplus_0_l. apply sqrt_Rsqr_abs. }
  assert (Run : forall t n, Rabs (lti_run 1 1 (fun _ _ => 1 / 2) (fun _ _ => 1) u t n) <= 2 * M).
  { assert (M0 : 0 <= M) by (specialize (Hu O); pose proof (norm2_nonneg 1 (u O)); lra).
    induction t0 as [|s IH]; intros n; [simpl; rewrite Rabs_R0; lra|]. cbn [lti_run]. unfold mat_vec. cbn [sum].
    specialize (Hu s). rewrite One in Hu. eapply Rle_trans; [apply Rabs_triang|]. rewrite !Rplus_0_l, !Rabs_mult, Rabs_R1, (Rabs_pos_eq (1 / 2)) by lra.
    specialize (IH O). lra. }
  rewrite One. unfold mat_vec. cbn [sum]. rewrite Rplus_0_l, Rmult_1_l. apply Run.
Qed.
