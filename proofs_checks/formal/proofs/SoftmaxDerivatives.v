(** The derivative of a softmax row: total variation (B.4, 4.3). *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors SoftmaxRows.
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
  rewrite (sum_ext (fun i => exp (logit i z) / Z * dlogit i v) (fun i => (dlogit i v * exp (logit i z)) * / Z))
    by (intros; unfold Rdiv; ring).
  rewrite sum_scal_r. field; lra.
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
    eapply Rle_trans; [apply sum_Rabs_le|]. unfold mean. rewrite <- sum_scal_r. apply sum_le. intros i Hi.
    rewrite Rabs_mult, Rabs_pos_eq, Rmult_assoc by (left; auto). apply Rmult_le_compat_l; [left; auto|]. now apply H.
  - rewrite (sum_ext _ (fun j => alpha j z * size j + alpha j z * mean)) by (intros; ring).
    rewrite sum_plus, sum_scal_r. fold mean.
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
  intros U q k d x t tau dlogit size (Ht & Hs & Hd & Hsize) alpha factor dsize.
  set (logit := fun i u => attention_logit q k d (with_token x tau u) t i).
  (* only the logit at tau depends on token tau *)
  assert (Dlogit : forall i, (i < S t)%nat ->
    filterdiff (logit i) (locally (x tau)) (fun v => if Nat.eqb i tau then dlogit v else 0)).
  { intros i Hi. destruct (Nat.eqb_spec i tau) as [->|Hne]; [exact Hd|].
    apply filterdiff_ext with (fun _ => attention_logit q k d x t i).
    - intros u. unfold logit, attention_logit. now rewrite !with_token_other by lia.
    - apply (filterdiff_const (F := locally (x tau)) (attention_logit q k d x t i : R)). }
  assert (Alpha : forall i, softmax (fun k => logit k (x tau)) (S t) i = alpha i).
  { intros i. unfold alpha, attention_weight, softmax, logit, attention_logit.
    rewrite !with_token_self. f_equal. apply sum_ext. intros j _. now rewrite !with_token_self. }
  assert (Pos : forall i, (i < S t)%nat -> 0 < alpha i) by (intros; now apply softmax_pos).
  assert (A1 : 0 < alpha tau <= 1) by (split; [apply Pos; lia | apply softmax_le_1; lia]).
  (* the weight at tau gains alpha (1 - alpha), all others together lose as much *)
  assert (Total : sum dsize (S t) = 2 * alpha tau * (1 - alpha tau) * size).
  { unfold dsize. rewrite sum_scal_r. f_equal. rewrite (sum_remove _ (S t) tau) by lia.
    assert (Own : Rabs (factor tau) = alpha tau * (1 - alpha tau)).
    { unfold factor. rewrite Nat.eqb_refl. apply Rabs_pos_eq, Rmult_le_pos; lra. }
    rewrite Own, (sum_ext _ (fun i => (if Nat.eqb i tau then 0 else alpha i) * alpha tau)).
    - rewrite sum_scal_r. pose proof (sum_remove alpha (S t) tau ltac:(lia)) as Q.
      assert (One : sum alpha (S t) = 1) by (apply softmax_sum; lia). rewrite One in Q.
      replace (sum (fun i => if Nat.eqb i tau then 0 else alpha i) (S t)) with (1 - alpha tau) by lra. ring.
    - intros i Hi. specialize (Pos i Hi). unfold factor. destruct (Nat.eqb i tau); [ring|].
      replace (alpha i * (0 - alpha tau)) with (- (alpha i * alpha tau)) by ring.
      rewrite Rabs_Ropp. apply Rabs_pos_eq, Rmult_le_pos; lra. }
  assert (Twice : 2 * alpha tau * (1 - alpha tau) * size <= 2 * alpha tau * size).
  { replace (2 * alpha tau * size) with (2 * alpha tau * 1 * size) by ring.
    apply Rmult_le_compat_r; [easy|]. apply Rmult_le_compat_l; lra. }
  split; [|split; [exact Total | split; [now rewrite Total|]]].
  - intros j Hj. split.
    + eapply filterdiff_ext_lin.
      * apply (softmax_differential logit (fun i v => if Nat.eqb i tau then dlogit v else 0) (S t) j (x tau)); [lia | exact Dlogit].
      * intros v. cbv beta zeta. rewrite Alpha, (sum_single _ (S t) tau), Nat.eqb_refl, Alpha; [|lia|].
        -- unfold factor. match goal with |- ?x = ?y => change (@eq R x y) end. destruct (Nat.eqb j tau); ring.
        -- intros i _ Hi. apply Nat.eqb_neq in Hi. rewrite Hi. ring.
    + intros v. specialize (Hsize v). rewrite norm_R in *. unfold dsize. rewrite Rabs_mult, Rmult_assoc.
      apply Rmult_le_compat_l; [apply Rabs_pos | exact Hsize].
  - intros D HD. rewrite Total. eapply Rle_trans; [exact Twice|].
    destruct (lem_C_1_holds _ _ _ HD tau ltac:(lia)) as [[_ Upper] _]. change (alpha tau <= exp D / INR (S t)) in Upper.
    replace (2 * alpha tau * size) with (2 * size * alpha tau) by ring. apply Rmult_le_compat_l; lra.
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

(** ** The total variation of a row, exactly *)

(** |h_j - mean| <= (1 - alpha_j) |h_j| + sum over the others of alpha_i |h_i|; summed with the weights, each |h_i| has the
    factor 2 alpha_i (1 - alpha_i). *)
Lemma row_variation_le n alpha h : (forall j, (j < n)%nat -> 0 < alpha j) -> sum alpha n = 1 ->
  row_variation n alpha h <= sum (fun i => 2 * alpha i * (1 - alpha i) * Rabs (h i)) n.
Proof.
  intros Pos Sum. set (mass := sum (fun i => alpha i * Rabs (h i)) n).
  apply Rle_trans with (sum (fun j => alpha j * ((1 - alpha j) * Rabs (h j)) + alpha j * (mass - alpha j * Rabs (h j))) n).
  - apply sum_le. intros j Hj. rewrite Rabs_mult, (Rabs_pos_eq (alpha j)), <- Rmult_plus_distr_l by (left; auto).
    apply Rmult_le_compat_l; [left; auto|].
    rewrite (sum_remove (fun i => alpha i * h i) n j Hj).
    set (rest := sum (fun i => if Nat.eqb i j then 0 else alpha i * h i) n).
    replace (h j - (alpha j * h j + rest)) with ((1 - alpha j) * h j + - rest) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_mult, Rabs_Ropp.
    assert (A1 : alpha j <= 1) by (rewrite <- Sum; apply sum_term_le; [easy | intros; left; auto]).
    rewrite (Rabs_pos_eq (1 - alpha j)) by lra. apply Rplus_le_compat_l.
    unfold mass. rewrite (sum_remove (fun i => alpha i * Rabs (h i)) n j Hj).
    replace (alpha j * Rabs (h j) + sum (fun i => if Nat.eqb i j then 0 else alpha i * Rabs (h i)) n - alpha j * Rabs (h j))
      with (sum (fun i => if Nat.eqb i j then 0 else alpha i * Rabs (h i)) n) by ring.
    eapply Rle_trans; [apply sum_Rabs_le|]. apply sum_le. intros i Hi. destruct (Nat.eqb i j); [rewrite Rabs_R0; lra|].
    rewrite Rabs_mult, (Rabs_pos_eq (alpha i)) by (left; auto). lra.
  - rewrite (sum_ext _ (fun j => alpha j * (1 - 2 * alpha j) * Rabs (h j) + alpha j * mass)) by (intros; ring).
    rewrite sum_plus, sum_scal_r, Sum, Rmult_1_l. unfold mass. rewrite <- sum_plus.
    right. apply sum_ext. intros; ring.
Qed.

Lemma row_variation_single n alpha k c : (forall j, (j < n)%nat -> 0 < alpha j) -> sum alpha n = 1 -> (k < n)%nat ->
  row_variation n alpha (fun i => if Nat.eqb i k then c else 0) = 2 * alpha k * (1 - alpha k) * Rabs c.
Proof.
  intros Pos Sum Hk. unfold row_variation.
  assert (A1 : alpha k <= 1) by (rewrite <- Sum; apply sum_term_le; [easy | intros; left; auto]).
  assert (Mean : sum (fun i => alpha i * (if Nat.eqb i k then c else 0)) n = alpha k * c).
  { rewrite (sum_remove _ n k Hk), Nat.eqb_refl, sum_all_zero; [ring|]. intros i _. destruct (Nat.eqb i k); ring. }
  rewrite Mean, (sum_remove _ n k Hk), Nat.eqb_refl.
  rewrite (sum_ext _ (fun i => (if Nat.eqb i k then 0 else alpha i) * (alpha k * Rabs c))).
  - rewrite sum_scal_r. pose proof (sum_remove alpha n k Hk) as Q. rewrite Sum in Q.
    replace (sum (fun i => if Nat.eqb i k then 0 else alpha i) n) with (1 - alpha k) by lra.
    replace (c - alpha k * c) with ((1 - alpha k) * c) by ring.
    rewrite !Rabs_mult, (Rabs_pos_eq (alpha k)), (Rabs_pos_eq (1 - alpha k)) by (solve [left; auto] || lra). ring.
  - intros i Hi. destruct (Nat.eqb_spec i k) as [|Hne]; [ring|].
    rewrite Rminus_0_l, Rabs_mult, Rabs_Ropp, Rabs_mult, (Rabs_pos_eq (alpha i)), (Rabs_pos_eq (alpha k)) by (left; auto). ring.
Qed.

Theorem ours_softmax_variation_holds : ours_softmax_variation.
Proof.
  split; [|split].
  - intros n alpha m h [H Sum]. eapply Rle_trans; [apply row_variation_le; [intros; now apply H | easy]|].
    rewrite <- sum_scal. apply sum_le. intros i Hi. destruct (H i Hi).
    replace (2 * alpha i * (1 - alpha i) * Rabs (h i)) with (2 * (1 - alpha i) * (alpha i * Rabs (h i))) by ring.
    apply Rmult_le_compat_r; [apply Rmult_le_pos; [lra | apply Rabs_pos] | lra].
  - intros n alpha m k c [H Sum] Hk. apply row_variation_single; auto. intros; now apply H.
  - intros C HC. (* two weights, the light one is w = min(1/2, (2 - C)/4) *)
    set (w := Rmin (1 / 2) ((2 - C) / 4)).
    assert (W : 0 < w <= 1 / 2 /\ w <= (2 - C) / 4) by (unfold w; split; [split; [apply Rmin_glb_lt; lra | apply Rmin_l] | apply Rmin_r]).
    exists 2%nat, (fun i => if Nat.eqb i 0 then w else 1 - w), w, (fun i => if Nat.eqb i 0 then 1 else 0).
    assert (H : ours_softmax_variation_hypotheses 2 (fun i => if Nat.eqb i 0 then w else 1 - w) w).
    { split; [intros j _; destruct (Nat.eqb j 0); lra | simpl; lra]. }
    split; [exact H|]. destruct H as [H Sum]. rewrite row_variation_single; [|intros; now apply H|exact Sum|lia].
    simpl. rewrite Rabs_R1, Rabs_R0. nra.
Qed.

Theorem ours_softmax_variation_instance : exists n alpha m, ours_softmax_variation_hypotheses n alpha m.
Proof.
  exists 3%nat, (fun j => if Nat.eqb j 0 then 1 / 2 else 1 / 4), (1 / 4).
  split; [intros j _; destruct (Nat.eqb j 0); lra | simpl; lra].
Qed.
