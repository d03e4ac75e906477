(** Rows that focus: rotary attention on itself (I.5), feedback on the predecessor (K.1), the forward branch on the token (K.2). *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums SoftmaxRows Normal Blocks Positions.
Open Scope R_scope.

(** * Rotary embedding of vectors on the first coordinate *)

Lemma sum_first_two (f : nat -> R) (n : nat) :
  (2 <= n)%nat -> (forall i, (2 <= i < n)%nat -> f i = 0) -> sum f n = f O + f 1%nat.
Proof. intros Hn H. rewrite (sum_truncate f 2 n) by easy. simpl. ring. Qed.

(** The dot product after rotation is the cosine of the angle between them. *)
Lemma rope_inner omega d t j a b (v w : nat -> R) :
  (2 <= d)%nat -> (forall i, v i = if Nat.eqb i 0 then a else 0) -> (forall i, w i = if Nat.eqb i 0 then b else 0) ->
  inner d (rope omega t v) (rope omega j w) = a * b * cos (omega 0%nat * (INR t - INR j)).
Proof.
  intros Hd Hv Hw. unfold inner. rewrite sum_first_two; [|easy|].
  - unfold rope. cbn [Nat.div2 Nat.even Nat.pred]. rewrite !Hv, !Hw. cbn [Nat.eqb].
    replace (omega 0%nat * (INR t - INR j)) with (omega 0%nat * INR t - omega 0%nat * INR j) by ring. rewrite cos_minus. ring.
  - intros i Hi. unfold rope. destruct i as [|[|i]]; [lia | lia|]. rewrite !Hv, !Hw.
    cbn [Nat.eqb Nat.pred]. destruct (Nat.even (S (S i))); ring.
Qed.

Theorem lem_I_5_holds : lem_I_5.
Proof.
  intros omega d T delta Delta c (Ho & Hd & He & HT & HD & Hl) e logit.
  assert (L : forall t j, logit t j = / sqrt (INR d) * (c ^ 2 * cos (INR t - INR j))).
  { intros t j. unfold logit. rewrite (rope_inner omega d t j c c) by easy. rewrite Ho, Rmult_1_l. ring. }
  split; [exact L|]. intros t Ht.
  assert (Ps : 0 < / sqrt (INR d)) by (apply Rinv_0_lt_compat, sqrt_lt_R0, lt_0_INR; lia).
  assert (E : softmax (logit t) (S t) t = softmax (fun j => / sqrt (INR d) * c ^ 2 * cos (INR t - INR j)) (S t) t).
  { unfold softmax. rewrite L. rewrite (sum_ext _ (fun i => exp (/ sqrt (INR d) * c ^ 2 * cos (INR t - INR i)))).
    - do 2 f_equal. ring.
    - intros i _. rewrite L. f_equal. ring. }
  rewrite E. destruct (Nat.eq_dec t 0) as [->|Ht0].
  { unfold softmax. simpl. rewrite Rplus_0_l. unfold Rdiv. rewrite Rinv_r; [lra|]. apply Rgt_not_eq, exp_pos. }
  destruct (Req_dec c 0) as [->|Hc].
  - (* c = 0: then T = 2 and delta = 1, which is excluded *)
    exfalso. replace (/ sqrt (INR d) * 0 ^ 2 * Delta) with 0 in Hl by ring.
    assert (1 < (INR T - 1) / delta); [|assert (0 < ln ((INR T - 1) / delta)) by (rewrite <- ln_1; apply ln_increasing; lra); lra].
    assert (2 <= INR T) by (apply (le_INR 2); easy). apply Rlt_div_r; lra.
  - apply (lem_I_2_holds (fun j => cos (INR t - INR j)) (S t) t Delta).
    unfold lem_I_2_hypotheses. split; [lia|]. split; [apply Rmult_lt_0_compat; [easy | nra]|]. split; [easy|]. split.
    + intros i Hi Hne. rewrite (Rminus_eq_0 (INR t)), cos_0, <- minus_INR by lia. apply HD. lia.
    + apply Rle_trans with (2 := Hl). assert (INR (S t) <= INR T) by (apply le_INR; lia).
      assert (1 < INR (S t)) by (apply (lt_INR 1); lia).
      assert (0 < (INR (S t) - 1) / delta) by (apply Rdiv_lt_0_compat; lra).
      assert (Q : (INR (S t) - 1) / delta <= (INR T - 1) / delta).
      { apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; easy | lra]. }
      destruct Q as [Q|Q]; [left; now apply ln_increasing | rewrite Q; lra].
Qed.

Theorem lem_I_5_instance : exists omega d T delta Delta c, lem_I_5_hypotheses omega d T delta Delta c.
Proof.
  (* T = 2: cos 1 <= cos(pi/6) <= 7/8 *)
  exists (fun r => / INR (S r)), 4%nat, 2%nat, (1 / 2), (1 / 8), 4. unfold lem_I_5_hypotheses.
  split; [simpl; lra|]. split; [lia|]. split; [lra|]. split; [lia|]. split.
  - intros s Hs. replace s with 1%nat by lia. simpl INR.
    pose proof PI_4. pose proof PI2_1. pose proof PI_RGT_0.
    assert (C : cos 1 < cos (PI / 6)) by (apply cos_decreasing_1; lra). rewrite cos_PI6 in C.
    assert (sqrt 3 <= sqrt (7 / 4 * (7 / 4))) by (apply sqrt_le_1_alt; lra). rewrite sqrt_square in * by lra. lra.
  - replace (INR 4) with (2 * 2) by (simpl; ring). rewrite sqrt_square by lra. simpl INR.
    replace ((1 + 1 - 1) / (1 / 2)) with 2 by lra. apply Rle_trans with 1; [|lra].
    rewrite <- (ln_exp 1). left. apply ln_increasing; [lra|]. pose proof (exp_ineq1 1). lra.
Qed.

(** * A finite number of gaps has a least one *)

Lemma least_gap (f : nat -> R) (n : nat) :
  (forall k, (k < n)%nat -> 0 < f k) -> exists g, 0 < g /\ forall k, (k < n)%nat -> g <= f k.
Proof.
  induction n as [|n IH]; intros H; [exists 1; split; [lra | intros; lia]|].
  destruct IH as [g [Hg Hk]]; [auto with arith|]. exists (Rmin g (f n)). split; [apply Rmin_glb_lt; [easy | apply H; lia]|].
  intros k Hkn. destruct (Nat.eq_dec k n) as [->|]; [apply Rmin_r|].
  apply Rle_trans with g; [apply Rmin_l | apply Hk; lia].
Qed.

Lemma ln_at_most (x : R) : 0 <= x -> ln x <= x.
Proof.
  intros [H|<-].
  - pose proof (exp_ineq1_le (ln x)) as E. rewrite exp_ln in E by easy. lra.
  - unfold ln. destruct (Rlt_dec 0 0) as [H|H]; [exfalso; lra | apply Rle_refl].
Qed.

(** The row of n + 1 logits, at most T + 1, that the last leads by D >= (T + 1)/mu. *)
Lemma last_focus (b : nat -> R) (n T : nat) (D mu : R) : (n <= T)%nat -> 0 < mu < 1 ->
  (forall i, (i < n)%nat -> b i <= b n - D) -> (INR T + 1) / mu <= D ->
  1 - mu <= softmax b (S n) n /\ sum (softmax b (S n)) n <= mu.
Proof.
  intros Hn Hm Hb HD.
  assert (W : 1 - mu <= softmax (fun i => 1 * b i) (S n) n).
  { apply (lem_I_2_holds b (S n) n D 1 mu). unfold lem_I_2_hypotheses. split; [lia|]. split; [lra|]. split; [lra|]. split.
    - intros i Hi Hne. apply Hb. lia.
    - rewrite Rmult_1_l. apply Rle_trans with (2 := HD). rewrite S_INR. pose proof (pos_INR n). assert (INR n <= INR T) by (now apply le_INR).
      apply Rle_trans with ((INR n + 1 - 1) / mu).
      + apply ln_at_most. apply Rmult_le_pos; [lra | left; apply Rinv_0_lt_compat; lra].
      + apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; lra | lra]. }
  assert (E : softmax (fun i => 1 * b i) (S n) n = softmax b (S n) n).
  { unfold softmax. rewrite Rmult_1_l. f_equal. apply sum_ext. intros; now rewrite Rmult_1_l. }
  rewrite E in W. split; [easy|]. pose proof (softmax_sum b (S n) ltac:(lia)) as Sm. simpl in Sm. simpl. lra.
Qed.

(** * The post-GELU code *)

Lemma GELU_rises (x y : R) : 0 < x < y -> GELU x < GELU y.
Proof.
  intros H. unfold GELU. destruct (Phi_near_half x) as [L _]; [lra|]. pose proof (Phi_rises x y ltac:(lra)). nra.
Qed.

Lemma GELU_rises_le (x y : R) : 0 < x <= y -> GELU x <= GELU y.
Proof. intros [H [L|<-]]; [left; now apply GELU_rises | lra]. Qed.

Lemma low_positive T low high t : ordered_intervals (S T) low high -> (t <= T)%nat -> low O <= low t.
Proof.
  intros O Ht. destruct (Nat.eq_dec t 0) as [->|]; [lra|].
  pose proof (intervals_sorted (S T) low high 0 t O ltac:(lia)). destruct O as (_ & Hl & _).
  specialize (Hl 0%nat ltac:(lia)). lra.
Qed.

(** Ordered positions z give codes xi = GELU(z) with xi_t (xi_k - xi_j) at least some G > 0 for j < k. *)
Lemma code_gap T low high : ordered_intervals (S T) low high -> exists G, 0 < G /\ forall z,
  (forall t, (t <= T)%nat -> low t <= z t <= high t) ->
  forall t k j, (t <= T)%nat -> (j < k <= T)%nat -> G <= GELU (z t) * (GELU (z k) - GELU (z j)).
Proof.
  intros O. pose proof O as (H0 & Hl & Hn).
  destruct (least_gap (fun k => GELU (low (S k)) - GELU (high k)) T) as [g [Hg Hk]].
  { intros k Hk. enough (GELU (high k) < GELU (low (S k))) by lra. apply GELU_rises. split; [|apply Hn; lia].
    pose proof (low_positive T low high k O ltac:(lia)). specialize (Hl k ltac:(lia)). lra. }
  exists (GELU (low 0%nat) * g). pose proof (GELU_pos _ H0) as P. split; [now apply Rmult_lt_0_compat|].
  intros z Hz t k j Ht [Hjk HkT].
  assert (Pos : forall i, (i <= T)%nat -> 0 < low i) by (intros i Hi; pose proof (low_positive T low high i O Hi); lra).
  assert (A : GELU (low 0%nat) <= GELU (z t)).
  { apply GELU_rises_le. pose proof (low_positive T low high t O Ht). specialize (Hz t Ht). lra. }
  assert (B : GELU (low (S j)) <= GELU (z k)).
  { apply GELU_rises_le. split; [apply Pos; lia|]. specialize (Hz k ltac:(lia)).
    destruct (Nat.eq_dec (S j) k) as [<-|]; [lra|].
    pose proof (intervals_sorted (S T) low high (S j) k O ltac:(lia)). specialize (Hl (S j) ltac:(lia)). lra. }
  assert (C : GELU (z j) <= GELU (high j)).
  { apply GELU_rises_le. pose proof (Hz j ltac:(lia)). specialize (Pos j ltac:(lia)). lra. }
  specialize (Hk j ltac:(lia)). simpl in Hk. apply Rle_trans with (GELU (z t) * g).
  - apply Rmult_le_compat_r; lra.
  - apply Rmult_le_compat_l; lra.
Qed.

(** The size of queries and keys for the gap G. *)
Definition size (d T : nat) (mu G : R) : R := sqrt ((INR T + 1) / mu * sqrt (INR d) / G).

Lemma size_enough (d T : nat) (mu G x : R) : (1 <= d)%nat -> 0 < mu -> 0 < G -> G <= x ->
  (INR T + 1) / mu <= / sqrt (INR d) * (size d T mu G * size d T mu G * x).
Proof.
  intros Hd Hm HG Hx. pose proof (pos_INR T).
  assert (Pd : 0 < sqrt (INR d)) by (apply sqrt_lt_R0, lt_0_INR; lia).
  assert (P : 0 < (INR T + 1) / mu) by (apply Rdiv_lt_0_compat; lra).
  unfold size. rewrite sqrt_sqrt; [|left; apply Rdiv_lt_0_compat; [now apply Rmult_lt_0_compat | easy]].
  replace (/ sqrt (INR d) * ((INR T + 1) / mu * sqrt (INR d) / G * x)) with ((INR T + 1) / mu * (x / G)) by (field; lra).
  rewrite <- (Rmult_1_r ((INR T + 1) / mu)) at 1. apply Rmult_le_compat_l; [lra|]. apply Rle_div_r; lra.
Qed.

(** A matrix with one entry, in the corner. *)
Definition corner (a : R) : nat -> nat -> R := fun i j => if Nat.eqb i 0 then (if Nat.eqb j 0 then a else 0) else 0.

Lemma row_times_corner m z a j : (1 <= m)%nat -> row_times m z (corner a) j = if Nat.eqb j 0 then z O * a else 0.
Proof.
  intros H. unfold corner. rewrite (row_times_one m z (fun j => if Nat.eqb j 0 then a else 0) 0) by easy.
  destruct (Nat.eqb j 0); ring.
Qed.

(** * Lemma K.1 *)

Definition predecessor_block (size : R) (e : nat -> R) : block := {|
  W_a := fun i j => if Nat.eqb j 0 then e i else 0; b_a := fun _ => 0; W_g := fun _ _ => 0; b_g := fun _ => 0;
  W_Qf := corner size; W_Kf := corner size; W_Qb := corner size; W_Kb := corner size;
  W_V := fun _ _ => 0; w_gamma := fun _ => 0; b_gamma := 0; W_out := fun _ _ => 0; b_out := fun _ => 0 |}.

Lemma predecessor_activation m s e u t : activation m (fun z => z) (predecessor_block s e) u t O = GELU (inner m (u t) e).
Proof. unfold activation. simpl. rewrite Rplus_0_r. easy. Qed.

Theorem lem_K_1_holds : lem_K_1.
Proof.
  intros m d T low high mu (Hm & Hd & O & Hmu) e. destruct (code_gap T low high O) as [G [HG Gap]].
  set (s := size d T mu G). exists (predecessor_block s e). intros u Hu t Ht.
  destruct t as [|t]; [lia|]. replace (S t - 1)%nat with t by lia.
  apply (last_focus _ t T (/ sqrt (INR d) * (s * s * G))); [lia | easy | | apply size_enough; lra || lia].
  intros j Hj.
  assert (L : forall i, feedback_logit m d (fun z => z) (predecessor_block s e) u (S t) i
    = / sqrt (INR d) * (s * s * (GELU (inner m (u (S t)) e) * GELU (inner m (u i) e)))).
  { intros i. unfold feedback_logit. f_equal. unfold inner at 1.
    rewrite (sum_single _ d 0) by (lia || (intros c _ Hc; simpl; rewrite !row_times_corner by easy; apply Nat.eqb_neq in Hc; rewrite Hc; ring)).
    simpl. rewrite !row_times_corner by easy. simpl. rewrite !predecessor_activation. ring. }
  rewrite !L. pose proof (Gap (fun i => inner m (u i) e) Hu (S t) t j ltac:(lia) ltac:(lia)) as P. simpl in P.
  assert (Pd : 0 < / sqrt (INR d)) by (apply Rinv_0_lt_compat, sqrt_lt_R0, lt_0_INR; lia).
  assert (0 <= s * s) by nra.
  enough (/ sqrt (INR d) * (s * s * G) <= / sqrt (INR d) * (s * s * (GELU (inner m (u (S t)) e) * (GELU (inner m (u t) e) - GELU (inner m (u j) e))))) by lra.
  apply Rmult_le_compat_l; [lra|]. now apply Rmult_le_compat_l.
Qed.

Lemma example_intervals n : ordered_intervals n (fun t => INR t + 1) (fun t => INR t + 3 / 2).
Proof. split; [simpl; lra|]. split; intros t Ht; [lra | rewrite S_INR; lra]. Qed.

Theorem lem_K_1_instance : exists m d T low high mu, lem_K_1_hypotheses m d T low high mu.
Proof.
  exists 4%nat, 2%nat, 5%nat, (fun t => INR t + 1), (fun t => INR t + 3 / 2), (1 / 10). unfold lem_K_1_hypotheses.
  split; [lia|]. split; [lia|]. split; [apply example_intervals | lra].
Qed.

(** * Lemma K.2 *)

(** The forward logits of every block whose a-slot 0 is the position and whose queries and keys are its code times s. *)
Definition focus_logit (omega : nat -> R) (d : nat) (s : R) (z : nat -> R) (t j : nat) : R :=
  / sqrt (INR d) * (s * s * (GELU (z t) * GELU (z j)) * cos (omega 0%nat * (INR t - INR j))).

Definition focuses (m : nat) (s : R) (e : nat -> R) (p : block) : Prop :=
  (forall i, (i < m)%nat -> W_a p i 0 = e i) /\ b_a p O = 0 /\ W_Qf p = corner s /\ W_Kf p = corner s.

Lemma focus_activation m s e p u t : focuses m s e p -> activation m (fun z => z) p u t O = GELU (inner m (u t) e).
Proof.
  intros (Ha & Hb & _). unfold activation. rewrite Hb, Rplus_0_r. f_equal. apply sum_ext. intros i Hi. now rewrite Ha.
Qed.

Lemma focus_logit_spec m d omega s e p u t j : (1 <= m)%nat -> (2 <= d)%nat -> focuses m s e p ->
  forward_logit m d omega (fun z => z) p u t j = focus_logit omega d s (fun i => inner m (u i) e) t j.
Proof.
  intros Hm Hd F. unfold forward_logit, focus_logit. pose proof F as (_ & _ & HQ & HK). rewrite HQ, HK. f_equal.
  rewrite (rope_inner omega d t j (GELU (inner m (u t) e) * s) (GELU (inner m (u j) e) * s)); [ring | easy | |];
    intros i; rewrite row_times_corner by easy; now rewrite (focus_activation m s e p u).
Qed.

Definition focus_weight (omega : nat -> R) (d : nat) (s : R) (z : nat -> R) (t j : nat) : R :=
  softmax (focus_logit omega d s z t) (S t) j.

Lemma focus_weight_spec m d omega s e p u t j : (1 <= m)%nat -> (2 <= d)%nat -> focuses m s e p ->
  forward_weight m d omega (fun z => z) p u t j = focus_weight omega d s (fun i => inner m (u i) e) t j.
Proof.
  intros Hm Hd F. unfold forward_weight, focus_weight, softmax. rewrite (focus_logit_spec m d omega s e) by easy. f_equal.
  apply sum_ext. intros i _. now rewrite (focus_logit_spec m d omega s e).
Qed.

Lemma focus_weight_sharp omega d T low high mu : (2 <= d)%nat -> ordered_intervals (S T) low high -> 0 < mu < 1 ->
  exists s, forall z, (forall t, (t <= T)%nat -> low t <= z t <= high t) -> forall t, (t <= T)%nat ->
  1 - mu <= focus_weight omega d s z t t /\ sum (focus_weight omega d s z t) t <= mu.
Proof.
  intros Hd O Hmu. destruct (code_gap T low high O) as [G [HG Gap]]. set (s := size d T mu G). exists s.
  intros z Hz t Ht. apply (last_focus _ t T (/ sqrt (INR d) * (s * s * G))); [easy | easy | | apply size_enough; lra || lia].
  intros j Hj. unfold focus_logit. rewrite (Rminus_eq_0 (INR t)), Rmult_0_r, cos_0, Rmult_1_r.
  pose proof (Gap z Hz t t j Ht ltac:(lia)) as P.
  assert (Pd : 0 < / sqrt (INR d)) by (apply Rinv_0_lt_compat, sqrt_lt_R0, lt_0_INR; lia). assert (0 <= s * s) by nra.
  assert (Pos : forall i, (i <= T)%nat -> 0 < GELU (z i)).
  { intros i Hi. apply GELU_pos. specialize (Hz i Hi). pose proof (low_positive T low high i O Hi). destruct O. lra. }
  pose proof (Pos t Ht) as Pt. pose proof (Pos j ltac:(lia)) as Pj. destruct (COS_bound (omega 0%nat * (INR t - INR j))) as [_ C].
  assert (Q : s * s * (GELU (z t) * GELU (z j)) * cos (omega 0%nat * (INR t - INR j)) <= s * s * (GELU (z t) * GELU (z j))).
  { rewrite <- (Rmult_1_r (s * s * (GELU (z t) * GELU (z j)))) at 2. apply Rmult_le_compat_l; [|easy].
    apply Rmult_le_pos; [easy | nra]. }
  assert (R1 : s * s * G <= s * s * (GELU (z t) * (GELU (z t) - GELU (z j)))) by (apply Rmult_le_compat_l; easy).
  enough (/ sqrt (INR d) * (s * s * (GELU (z t) * GELU (z j)) * cos (omega 0%nat * (INR t - INR j)) + s * s * G)
          <= / sqrt (INR d) * (s * s * (GELU (z t) * GELU (z t)))) by lra.
  apply Rmult_le_compat_l; lra.
Qed.

(** The same, 0 after t: a function of the positions up to t. *)
Definition focus_row (omega : nat -> R) (d : nat) (s : R) (z : nat -> R) (t j : nat) : R :=
  if Nat.leb j t then focus_weight omega d s z t j else 0.

Lemma focus_row_of_positions omega d s j : of_positions (fun z t => focus_row omega d s z t j).
Proof.
  intros z z' t H. unfold focus_row. destruct (Nat.leb_spec j t) as [Hj|]; [|easy].
  unfold focus_weight, softmax, focus_logit. rewrite !H by lia. f_equal.
  apply sum_ext. intros i Hi. now rewrite !H by lia.
Qed.

Theorem lem_K_2_holds : lem_K_2.
Proof.
  intros m d T low high mu (Hm & Hd & O & Hmu) omega e.
  destruct (focus_weight_sharp omega d T low high mu Hd O Hmu) as [s Hs]. exists (predecessor_block s e). intros u Hu t Ht.
  assert (F : focuses m s e (predecessor_block s e)) by easy.
  destruct (Hs (fun i => inner m (u i) e) Hu t Ht) as [W R]. rewrite (focus_weight_spec m d omega s e) by easy. split; [easy|].
  rewrite (sum_ext _ (focus_weight omega d s (fun i => inner m (u i) e) t)); [easy|].
  intros j _. now rewrite (focus_weight_spec m d omega s e).
Qed.

Theorem lem_K_2_instance : exists m d T low high mu, lem_K_2_hypotheses m d T low high mu.
Proof.
  exists 4%nat, 2%nat, 5%nat, (fun t => INR t + 1), (fun t => INR t + 3 / 2), (1 / 10). unfold lem_K_2_hypotheses.
  split; [lia|]. split; [lia|]. split; [apply example_intervals | lra].
Qed.
