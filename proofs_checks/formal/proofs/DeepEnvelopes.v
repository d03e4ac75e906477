(** Deep stacks under an envelope: Propositions 32, 33 and 34. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors Powers PowerLaws Convolutions PathSums Depth.
Open Scope R_scope.

(** One block's kernel is at most w, a depth-M stack at most a constant times phi(M).  If w is below each phi(M), phi(M)
    below phi(M + 1), and a jump after a depth-M stack gives phi(M + 1), all up to constants, then so is every path sum. *)
Definition admissible (w : nat -> nat -> R) (phi : nat -> nat -> nat -> R) (kappa : nat -> R) : Prop :=
  (forall t j, 0 <= w t j)
  /\ forall M tau lag, (1 <= M)%nat -> (1 <= lag)%nat ->
     0 <= kappa M /\ 0 <= phi M tau lag /\ w (tau + lag)%nat tau <= kappa M * phi M tau lag
     /\ phi M tau lag <= kappa M * phi (S M) tau lag
     /\ sum (fun i => w (tau + lag)%nat (tau + S i)%nat * phi M tau (S i)) (lag - 1) <= kappa M * phi (S M) tau lag.

Lemma prod_le_abs d N : (forall n, (n < N)%nat -> 0 <= d n) -> 0 <= prod d N <= prod (fun n => Rabs (d n)) N.
Proof.
  induction N as [|N IH]; intros H; simpl; [lra|].
  assert (Hd : 0 <= d N) by (apply H; lia). specialize (IH ltac:(intros; apply H; lia)).
  rewrite (Rabs_pos_eq (d N)) by easy. split; [apply Rmult_le_pos; lra | apply Rmult_le_compat_r; lra].
Qed.

Lemma deep_induction w phi kappa d g N : admissible w phi kappa -> (1 <= N)%nat ->
  exists C, 0 <= C /\ forall G T,
  (forall n, (n < N)%nat -> 0 <= d n /\ forall t j, (j < t)%nat -> (t < T)%nat -> 0 <= G n t j <= g n * w t j) ->
  forall tau lag, (1 <= lag)%nat -> (tau + lag < T)%nat -> path_sum d G N (tau + lag) tau <= C * phi N tau lag.
Proof.
  intros [W Step] HN. induction HN as [|N HN IH].
  - exists (Rabs (g O) * kappa 1%nat). destruct (Step 1%nat O 1%nat) as (K0 & _); try lia.
    split; [apply Rmult_le_pos; [apply Rabs_pos | easy]|].
    intros G T HG tau lag Hlag Ht. destruct (Step 1%nat tau lag) as (_ & _ & Direct & _); try lia.
    destruct (HG O ltac:(lia)) as [_ HG0]. specialize (HG0 (tau + lag)%nat tau ltac:(lia) Ht).
    rewrite path_sum_S_lag, path_sum_0. destruct (Nat.eqb_spec (tau + lag) tau); [lia|].
    rewrite (sum_remove _ lag 0) by lia. rewrite Nat.add_0_r, path_sum_0, Nat.eqb_refl, sum_all_zero.
    + rewrite Rmult_0_r, Rplus_0_l, Rplus_0_r, Rmult_1_r, Rmult_assoc.
      pose proof (W (tau + lag)%nat tau). pose proof (Rle_abs (g O)). pose proof (Rabs_pos (g O)). nra.
    + intros i Hi. destruct (Nat.eqb_spec i 0); [easy|]. rewrite path_sum_0. destruct (Nat.eqb_spec (tau + i) tau); [lia | ring].
  - destruct IH as [C [C0 IH]]. set (D := prod (fun n => Rabs (d n)) N).
    assert (D0 : 0 <= D) by (apply prod_le_abs with (d := fun n => Rabs (d n)); intros; apply Rabs_pos).
    exists (Rabs (d N) * (C * kappa N) + Rabs (g N) * (D * kappa (S N) + C * kappa N)).
    destruct (Step N O 1%nat) as (K0 & _); try lia. destruct (Step (S N) O 1%nat) as (K1 & _); try lia.
    pose proof (Rabs_pos (d N)). pose proof (Rabs_pos (g N)).
    split; [repeat (apply Rplus_le_le_0_compat || apply Rmult_le_pos); easy|].
    intros G T HG tau lag Hlag Ht. destruct (Step N tau lag) as (_ & _ & _ & Mono & Jump); try lia.
    destruct (Step (S N) tau lag) as (_ & P1 & Direct & _); try lia.
    destruct (HG N ltac:(lia)) as [d0 HGN].
    specialize (IH G T ltac:(intros; apply HG; lia)).
    rewrite path_sum_S_lag, Rmult_plus_distr_r. apply Rplus_le_compat.
    + (* the last block stays *)
      rewrite (Rabs_pos_eq (d N)), Rmult_assoc by easy. apply Rmult_le_compat_l; [easy|].
      eapply Rle_trans; [now apply IH|]. rewrite Rmult_assoc. now apply Rmult_le_compat_l.
    + (* it jumps: from the source itself, or from a later time *)
      apply Rle_trans with (Rabs (g N) * (w (tau + lag)%nat tau * D
        + C * sum (fun i => w (tau + lag)%nat (tau + S i)%nat * phi N tau (S i)) (lag - 1))).
      * destruct lag as [|l]; [lia|]. rewrite sum_first, Rmult_plus_distr_l, Nat.add_0_r, path_sum_diagonal.
        simpl Nat.sub. rewrite Nat.sub_0_r. apply Rplus_le_compat.
        -- specialize (HGN (tau + S l)%nat tau ltac:(lia) Ht). pose proof (prod_le_abs d N ltac:(intros; apply HG; lia)) as PD.
           fold D in PD. pose proof (W (tau + S l)%nat tau). pose proof (Rle_abs (g N)).
           rewrite <- Rmult_assoc. apply Rmult_le_compat; try lra. nra.
        -- rewrite <- sum_scal, <- sum_scal. apply sum_le. intros i Hi.
           specialize (HGN (tau + S l)%nat (tau + S i)%nat ltac:(lia) Ht).
           specialize (IH tau (S i) ltac:(lia) ltac:(lia)). destruct (Step N tau (S i)) as (_ & P0 & _); try lia.
           pose proof (W (tau + S l)%nat (tau + S i)%nat). pose proof (Rle_abs (g N)).
           replace (Rabs (g N) * (C * (w (tau + S l)%nat (tau + S i)%nat * phi N tau (S i))))
             with ((Rabs (g N) * w (tau + S l)%nat (tau + S i)%nat) * (C * phi N tau (S i))) by ring.
           apply Rmult_le_compat; try lra; [|nra].
           apply path_sum_nonneg; intros n; intros; [split; [apply HG; lia | intros; apply HG; lia] | apply HG; lia].
      * rewrite Rmult_assoc. apply Rmult_le_compat_l; [easy|]. rewrite Rmult_plus_distr_r. apply Rplus_le_compat.
        -- rewrite (Rmult_comm _ D), Rmult_assoc. now apply Rmult_le_compat_l.
        -- rewrite Rmult_assoc. now apply Rmult_le_compat_l.
Qed.

(** So a stack's Jacobian is at most a constant times a rate above phi. *)
Lemma deep_bound_from w phi kappa N d lambda a envelope rate c : admissible w phi kappa -> (1 <= N)%nat ->
  (forall n, (n < N)%nat -> 0 <= a n) ->
  (forall n t j, (n < N)%nat -> (j < t)%nat -> envelope n t j <= a n * w t j) ->
  0 <= c -> (forall tau lag, (1 <= lag)%nat -> phi N tau lag <= c * rate lag) ->
  deep_bound N d lambda envelope rate.
Proof.
  intros Hw HN Ha Henv Hc Hrate.
  destruct (deep_induction w phi kappa d (fun n => Rabs (lambda n) * a n) N Hw HN) as [C [C0 HC]].
  exists (C * c). split; [now apply Rmult_le_pos|]. intros V T F x J K H HK tau lag v Hlag Ht.
  destruct (thm_31_holds V T N F x J d lambda K H tau (tau + lag)%nat v ltac:(lia) Ht) as [dh [D [B _]]].
  exists dh. split; [exact D|]. eapply Rle_trans; [apply B; lia|].
  apply Rmult_le_compat_r; [apply (norm_ge_0 (V := V))|]. rewrite Rmult_assoc.
  eapply Rle_trans; [apply (HC _ T); try easy | now apply Rmult_le_compat_l, Hrate].
  intros n Hn. destruct (H n Hn) as (d0 & l0 & _ & HB). split; [easy|]. intros t j Hj Htj.
  destruct (HB t Htj) as [_ HK0]. destruct (HK0 j Hj) as [K0 _]. specialize (HK n t j Hn Hj Htj). specialize (Henv n t j Hn Hj).
  rewrite (Rabs_pos_eq (lambda n)), Rmult_assoc by easy. split; [now apply Rmult_le_pos | apply Rmult_le_compat_l; lra].
Qed.

(** ** Attention *)

Lemma harmonic_tail tau lag : (1 <= lag)%nat ->
  sum (fun i => / (INR (tau + S i) + 1)) (lag - 1) <= ln (1 + INR lag).
Proof.
  intros Hlag. pose proof (harmonic_le lag Hlag). pose proof (proj2 (ln_lag lag Hlag)).
  apply Rle_trans with (harmonic lag - 1); [|lra].
  unfold harmonic. replace lag with (S (lag - 1)) at 2 by lia. rewrite sum_first. simpl INR at 2. rewrite Rinv_1.
  replace (1 + sum (fun i => / INR (S (S i))) (lag - 1) - 1) with (sum (fun i => / INR (S (S i))) (lag - 1)) by ring.
  apply sum_le. intros i Hi. apply Rinv_le_contravar; [apply lt_0_INR; lia|].
  rewrite <- S_INR. apply le_INR; lia.
Qed.

Definition log_factor : R := 1 + / ln 2.

Lemma log_factor_spec lag : (1 <= lag)%nat -> 1 <= log_factor /\ 1 <= log_factor * ln (1 + INR lag).
Proof.
  intros Hlag. unfold log_factor. pose proof ln_2_pos as L2. destruct (ln_lag lag Hlag) as [L _].
  assert (I2 : 0 < / ln 2) by now apply Rinv_0_lt_compat. split; [lra|].
  pose proof (Rmult_le_compat_l (/ ln 2) _ _ ltac:(lra) L) as L'. rewrite Rinv_l in L' by lra. lra.
Qed.

Lemma dilution_admissible :
  admissible (fun t _ => / (INR t + 1)) (fun M tau lag => ln (1 + INR lag) ^ (M - 1) * / (INR (tau + lag) + 1))
    (fun M => log_factor ^ M).
Proof.
  assert (Den : forall t, 0 < / (INR t + 1)) by (intros; apply Rinv_0_lt_compat; pose proof (pos_INR t); lra).
  split; [intros; left; apply Den|]. intros M tau lag HM Hlag.
  destruct (log_factor_spec lag Hlag) as [F1 FL]. pose proof (Den (tau + lag)%nat) as P.
  set (Lg := ln (1 + INR lag)) in *. pose proof ln_2_pos. assert (L0 : 0 < Lg) by (destruct (ln_lag lag Hlag); unfold Lg; lra).
  assert (PL : forall k, 0 < Lg ^ k) by (intros; now apply pow_lt).
  destruct M as [|m]; [lia|]. cbn [Nat.sub]. rewrite !Nat.sub_0_r.
  pose proof (PL m) as Pm. assert (Fm : 1 <= log_factor ^ m) by now apply pow_R1_Rle.
  assert (One : 1 <= log_factor ^ m * Lg ^ m) by (rewrite <- Rpow_mult_distr; now apply pow_R1_Rle).
  set (phi := Lg ^ m * / (INR (tau + lag) + 1)). assert (P0 : 0 < phi) by now apply Rmult_lt_0_compat.
  simpl pow. repeat split.
  - apply Rmult_le_pos; lra.
  - lra.
  - (* 1 <= log_factor^(m+1) log^m *)
    unfold phi. rewrite <- Rmult_assoc. rewrite <- (Rmult_1_l (/ (INR (tau + lag) + 1))) at 1.
    apply Rmult_le_compat_r; [lra|]. rewrite Rmult_assoc. nra.
  - replace (log_factor * log_factor ^ m * (Lg * Lg ^ m * / (INR (tau + lag) + 1))) with ((log_factor * Lg) * (log_factor ^ m * phi))
      by (unfold phi; ring).
    assert (M1 : phi <= log_factor ^ m * phi) by (rewrite <- (Rmult_1_l phi) at 1; apply Rmult_le_compat_r; lra).
    apply Rle_trans with (1 * (log_factor ^ m * phi)); [lra|]. apply Rmult_le_compat_r; lra.
  - (* the logarithm of a shorter lag is smaller; the rest is a harmonic sum *)
    apply Rle_trans with (sum (fun i => phi * / (INR (tau + S i) + 1)) (lag - 1)).
    + apply sum_le. intros i Hi. unfold phi. pose proof (Den (tau + S i)%nat) as Di.
      assert (Shorter : ln (1 + INR (S i)) ^ m <= Lg ^ m).
      { apply pow_incr. split; [destruct (ln_lag (S i)); [lia | lra]|].
        apply ln_mono. pose proof (pos_INR (S i)). split; [lra|]. apply Rplus_le_compat_l, le_INR; lia. }
      replace (Lg ^ m * / (INR (tau + lag) + 1) * / (INR (tau + S i) + 1))
        with (/ (INR (tau + lag) + 1) * (Lg ^ m * / (INR (tau + S i) + 1))) by ring.
      cbn [Nat.sub]. rewrite ?Nat.sub_0_r.
      apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat_r; [left; exact Di | exact Shorter].
    + rewrite sum_scal. pose proof (harmonic_tail tau lag Hlag) as HT. fold Lg in HT.
      replace (log_factor * log_factor ^ m * (Lg * Lg ^ m * / (INR (tau + lag) + 1))) with ((log_factor * log_factor ^ m) * (phi * Lg))
        by (unfold phi; ring).
      apply Rle_trans with (1 * (phi * Lg)); [rewrite Rmult_1_l; apply Rmult_le_compat_l; lra|].
      apply Rmult_le_compat_r; [apply Rmult_le_pos; lra | nra].
Qed.

Theorem prop_32_holds : prop_32.
Proof.
  intros N d lambda a HN Ha.
  apply (deep_bound_from _ _ _ N d lambda a (dilution a) (dilution_rate N) 1 dilution_admissible HN Ha); [|lra|].
  - intros n t j Hn Hj. unfold dilution, Rdiv. lra.
  - intros tau lag Hlag. rewrite Rmult_1_l. apply Rmult_le_compat_l.
    + apply pow_le. destruct (ln_lag lag Hlag). pose proof ln_2_pos. lra.
    + rewrite plus_INR. pose proof (pos_INR tau). pose proof (pos_INR lag). apply Rinv_le_contravar; lra.
Qed.

(** ** State-space models *)

Lemma forgetting_admissible c :
  admissible (fun t j => exp (- (c * INR (t - j)))) (fun M _ lag => (1 + INR lag) ^ (M - 1) * exp (- (c * INR lag))) (fun _ => 1).
Proof.
  split; [intros; left; apply exp_pos|]. intros M tau lag HM Hlag. replace (tau + lag - tau)%nat with lag by lia.
  pose proof (exp_pos (- (c * INR lag))) as P. pose proof (pos_INR lag) as L.
  destruct M as [|m]; [lia|]. cbn [Nat.sub]. rewrite !Nat.sub_0_r. set (y := 1 + INR lag). assert (Y : 1 <= y) by (unfold y; lra).
  assert (Ym : 1 <= y ^ m) by now apply pow_R1_Rle.
  change (y ^ S m) with (y * y ^ m). rewrite !Rmult_1_l.
  set (E := exp (- (c * INR lag))) in *. assert (0 < y ^ m * E) by (apply Rmult_lt_0_compat; lra). repeat split; try lra; try nra.
  (* the exponentials multiply to e^(-c lag), and there are fewer than lag terms *)
  apply Rle_trans with (sum (fun _ => y ^ m * E) (lag - 1)).
  - apply sum_le. intros i Hi. replace (tau + lag - (tau + S i))%nat with (lag - S i)%nat by lia.
    rewrite (Rmult_comm _ (exp (- (c * INR (S i))))), <- Rmult_assoc, <- exp_plus.
    replace (- (c * INR (lag - S i)) + - (c * INR (S i))) with (- (c * INR lag)) by (rewrite minus_INR by lia; ring).
    fold E. rewrite Rmult_comm. apply Rmult_le_compat_r; [lra|]. apply pow_incr.
    pose proof (pos_INR (S i)). split; [lra|]. apply Rplus_le_compat_l, le_INR; lia.
  - rewrite sum_const, Rmult_assoc. apply Rmult_le_compat_r; [lra|]. unfold y. rewrite minus_INR by lia. simpl INR. lra.
Qed.

Theorem prop_33_holds : prop_33.
Proof.
  intros N d lambda a c cstar HN Ha.
  apply (deep_bound_from _ _ _ N d lambda a (forgetting a c) (forgetting_rate cstar N) 1 (forgetting_admissible cstar) HN);
    [intros n Hn; now apply Ha | | lra | intros; unfold forgetting_rate; lra].
  intros n t j Hn Hj. destruct (Ha n Hn) as [A0 Hc]. apply Rmult_le_compat_l; [easy|].
  apply exp_le_incr, Ropp_le_contravar, Rmult_le_compat_r; [apply pos_INR | easy].
Qed.

(** ** Sessa *)

Lemma conv_sum_r a f n k : conv a (fun m => sum (fun i => f i m) k) n = sum (fun i => conv a (f i) n) k.
Proof. unfold conv. rewrite <- sum_swap. apply sum_ext. intros; now rewrite sum_scal. Qed.

Definition heavy_factor (s : R) (M : nat) : R := 1 + sum (fun i => upper_factor s + upper_factor (INR (S i) * s)) M.

Lemma heavy_tail_admissible beta : 0 < beta < 1 ->
  admissible (fun t j => Rpower (INR (t - j)) (- beta) * (1 + ln (1 + INR (t - j)))) (fun M _ lag => heavy_tail_rate beta M lag)
    (heavy_factor (1 - beta)).
Proof.
  intros Hb. set (s := 1 - beta). assert (Hs : 0 < s) by (unfold s; lra).
  assert (Log0 : forall k, 1 <= 1 + ln (1 + INR k)).
  { intros k. assert (0 <= ln (1 + INR k)); [|lra]. rewrite <- ln_1. apply ln_mono. pose proof (pos_INR k). lra. }
  assert (Term : forall k lag, 0 < Rpower (INR lag) (INR (S k) * s - 1) * (1 + ln (1 + INR lag)) ^ S k).
  { intros k lag. apply Rmult_lt_0_compat; [apply Rpower_pos | apply pow_lt; pose proof (Log0 lag); lra]. }
  assert (Rate0 : forall M lag, 0 <= heavy_tail_rate beta M lag) by (intros; apply sum_nonneg; intros; left; apply Term).
  assert (F : forall i, 0 < upper_factor s + upper_factor (INR (S i) * s)).
  { intros i. pose proof (upper_factor_pos s). pose proof (upper_factor_pos (INR (S i) * s)). lra. }
  split.
  { intros. apply Rmult_le_pos; [left; apply Rpower_pos|]. pose proof (Log0 (t - j)%nat). lra. }
  intros M tau lag HM Hlag. replace (tau + lag - tau)%nat with lag by lia.
  set (Lam := 1 + ln (1 + INR lag)). pose proof (Log0 lag) as L1. fold Lam in L1.
  assert (K1 : 1 <= heavy_factor s M).
  { unfold heavy_factor. assert (0 <= sum (fun i => upper_factor s + upper_factor (INR (S i) * s)) M); [|lra].
    apply sum_nonneg; intros; left; apply F. }
  assert (Grow : forall X, 0 <= X -> X <= heavy_factor s M * X) by (intros; nra).
  assert (Next : heavy_tail_rate beta M lag <= heavy_tail_rate beta (S M) lag).
  { unfold heavy_tail_rate. cbn [sum]. pose proof (Term M lag). fold s. lra. }
  repeat split.
  - lra.
  - apply Rate0.
  - eapply Rle_trans; [|now apply Grow]. eapply Rle_trans; [|apply (sum_term_le _ M 0); [lia | intros; left; apply Term]].
    cbv beta. fold s. change (INR 1) with 1. replace (1 * s - 1) with (- beta) by (unfold s; ring).
    rewrite pow_1. apply Rle_refl.
  - eapply Rle_trans; [exact Next | now apply Grow].
  - (* every logarithm is at most Lam; what is left are convolutions of power laws *)
    apply Rle_trans with (sum (fun k => Lam ^ S (S k) * conv (power_law s) (power_law (INR (S k) * s)) lag) M).
    + unfold conv. rewrite (sum_ext _ (fun k => sum (fun i => Lam ^ S (S k)
        * (Rpower (INR (lag - S i)) (s - 1) * Rpower (INR (S i)) (INR (S k) * s - 1))) (lag - 1)) M)
        by (intros; now rewrite sum_scal).
      rewrite sum_swap. apply sum_le. intros i Hi. unfold heavy_tail_rate. fold s. rewrite <- sum_scal. apply sum_le. intros k Hk.
      replace (tau + lag - (tau + S i))%nat with (lag - S i)%nat by lia. replace (- beta) with (s - 1) by (unfold s; ring).
      assert (Ll : forall m, (m <= lag)%nat -> 1 + ln (1 + INR m) <= Lam).
      { intros m Hm. apply Rplus_le_compat_l, ln_mono. pose proof (pos_INR m). split; [lra|]. apply Rplus_le_compat_l, le_INR; lia. }
      replace (Rpower (INR (lag - S i)) (s - 1) * (1 + ln (1 + INR (lag - S i)))
          * (Rpower (INR (S i)) (INR (S k) * s - 1) * (1 + ln (1 + INR (S i))) ^ S k))
        with ((1 + ln (1 + INR (lag - S i))) * (1 + ln (1 + INR (S i))) ^ S k
          * (Rpower (INR (lag - S i)) (s - 1) * Rpower (INR (S i)) (INR (S k) * s - 1))) by ring.
      apply Rmult_le_compat_r; [left; apply Rmult_lt_0_compat; apply Rpower_pos|].
      change (Lam ^ S (S k)) with (Lam * Lam ^ S k).
      apply Rmult_le_compat; [pose proof (Log0 (lag - S i)%nat); lra | apply pow_le; pose proof (Log0 (S i)); lra | apply Ll; lia|].
      apply pow_incr. split; [pose proof (Log0 (S i)); lra | apply Ll; lia].
    + apply Rle_trans with (sum (fun k => heavy_factor s M * (Rpower (INR lag) (INR (S (S k)) * s - 1) * Lam ^ S (S k))) M).
      * apply sum_le. intros k Hk. assert (Hks : 0 < INR (S k) * s) by (apply Rmult_lt_0_compat; [apply lt_0_INR; lia | easy]).
        pose proof (conv_upper s (INR (S k) * s) lag Hs Hks Hlag) as CU.
        replace (s + INR (S k) * s - 1) with (INR (S (S k)) * s - 1) in CU by (rewrite (S_INR (S k)); ring).
        assert (KF : upper_factor s + upper_factor (INR (S k) * s) <= heavy_factor s M).
        { unfold heavy_factor. pose proof (sum_term_le (fun i => upper_factor s + upper_factor (INR (S i) * s)) M k Hk) as T.
          specialize (T ltac:(intros; left; apply F)). cbv beta in T. lra. }
        pose proof (Rpower_pos (INR lag) (INR (S (S k)) * s - 1)) as PP.
        rewrite <- (Rmult_assoc (heavy_factor s M)), (Rmult_comm _ (Lam ^ S (S k))).
        apply Rmult_le_compat_l; [apply pow_le; lra|]. eapply Rle_trans; [exact CU|]. apply Rmult_le_compat_r; lra.
      * rewrite sum_scal. apply Rmult_le_compat_l; [lra|].
        unfold heavy_tail_rate. fold s Lam. rewrite (sum_first _ M). pose proof (Term O lag) as T0. fold Lam in T0. lra.
Qed.

(** For lag >= 1 the last term of the sum is the largest. *)
Lemma heavy_tail_last beta N lag : 0 < beta < 1 -> (1 <= lag)%nat ->
  heavy_tail_rate beta N lag <= INR N * (Rpower (INR lag) (INR N * (1 - beta) - 1) * (1 + ln (1 + INR lag)) ^ N).
Proof.
  intros Hb Hlag. rewrite <- sum_const. apply sum_le. intros i Hi.
  pose proof (INR_pos lag Hlag). pose proof (proj1 (ln_lag lag Hlag)). pose proof ln_2_pos.
  assert (INR (S i) <= INR N) by (apply le_INR; lia).
  apply Rmult_le_compat; [left; apply Rpower_pos | apply pow_le; lra | | apply Rle_pow; [lra|lia]].
  apply Rle_Rpower; [easy|]. assert (INR (S i) * (1 - beta) <= INR N * (1 - beta)) by (apply Rmult_le_compat_r; lra). lra.
Qed.

Theorem prop_34_holds : prop_34.
Proof.
  intros N d lambda a beta HN Hb Ha.
  assert (Env : forall n t j, (n < N)%nat -> (j < t)%nat ->
    heavy_tail a beta n t j <= a n * (Rpower (INR (t - j)) (- beta) * (1 + ln (1 + INR (t - j))))).
  { intros. unfold heavy_tail. rewrite Rmult_assoc. lra. }
  split.
  - apply (deep_bound_from _ _ _ N d lambda a _ _ 1 (heavy_tail_admissible beta Hb) HN Ha Env); [lra | intros; lra].
  - apply (deep_bound_from _ _ _ N d lambda a _ _ (INR N) (heavy_tail_admissible beta Hb) HN Ha Env); [apply pos_INR|].
    intros tau lag Hlag. now apply heavy_tail_last.
Qed.
