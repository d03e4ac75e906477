(** LayerNorm on a scaffold is nearly linear (J.1). *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Euclid.
Open Scope R_scope.

(** * Sums over the scaffold's three parts *)

Lemma scaffold_sum (g : R -> R) m0 h c u :
  sum (fun i => g (scaffold m0 h c u i)) (m0 + 2 * h) = sum (fun i => g (u i)) m0 + INR h * g c + INR h * g (- c).
Proof.
  replace (m0 + 2 * h)%nat with (m0 + h + h)%nat by lia. rewrite !sum_split.
  assert (A : sum (fun i => g (scaffold m0 h c u i)) m0 = sum (fun i => g (u i)) m0).
  { apply sum_ext. intros i Hi. unfold scaffold. destruct (Nat.ltb_spec i m0); [easy | lia]. }
  assert (B : sum (fun i => g (scaffold m0 h c u (m0 + i)%nat)) h = INR h * g c).
  { rewrite <- sum_const. apply sum_ext. intros i Hi. unfold scaffold.
    destruct (Nat.ltb_spec (m0 + i) m0); [lia|]. destruct (Nat.ltb_spec (m0 + i) (m0 + h)); [easy | lia]. }
  assert (C : sum (fun i => g (scaffold m0 h c u (m0 + h + i)%nat)) h = INR h * g (- c)).
  { rewrite <- sum_const. apply sum_ext. intros i Hi. unfold scaffold.
    destruct (Nat.ltb_spec (m0 + h + i) m0); [lia|]. destruct (Nat.ltb_spec (m0 + h + i) (m0 + h)); [lia | easy]. }
  rewrite A, B, C. easy.
Qed.

Lemma scaffold_total m0 h c u : sum (scaffold m0 h c u) (m0 + 2 * h) = sum u m0.
Proof. transitivity (sum u m0 + INR h * c + INR h * - c); [exact (scaffold_sum (fun x => x) m0 h c u) | ring]. Qed.

Lemma scaffold_squares m0 h c u :
  sum (fun i => scaffold m0 h c u i ^ 2) (m0 + 2 * h) = sum (fun i => u i ^ 2) m0 + 2 * INR h * c ^ 2.
Proof. rewrite (scaffold_sum (fun x => x ^ 2)). ring. Qed.

Lemma sum_about (v : nat -> R) (a : R) n : sum (fun i => (v i - a) ^ 2) n = sum (fun i => v i ^ 2) n - 2 * a * sum v n + INR n * a ^ 2.
Proof.
  rewrite <- (sum_scal (2 * a)), <- (sum_const (a ^ 2)), <- sum_minus, <- sum_plus. apply sum_ext. intros; ring.
Qed.

(** (u_0 + ... + u_(n-1))^2 <= n |u|^2. *)
Lemma square_of_sum (v : nat -> R) n : (1 <= n)%nat -> sum v n ^ 2 <= INR n * norm2 n v ^ 2.
Proof.
  intros Hn. assert (P : 0 < INR n) by (apply lt_0_INR; lia).
  unfold norm2. rewrite pow2_sqrt by apply squares_nonneg.
  assert (H : 0 <= sum (fun i => (v i - sum v n / INR n) ^ 2) n) by (apply sum_nonneg; intros; apply pow2_ge_0).
  rewrite sum_about in H.
  replace (sum (fun i => v i ^ 2) n - 2 * (sum v n / INR n) * sum v n + INR n * (sum v n / INR n) ^ 2)
    with ((INR n * sum (fun i => v i ^ 2) n - sum v n ^ 2) / INR n) in H by (field; lra).
  apply Rmult_le_compat_r with (r := INR n) in H; [|lra]. unfold Rdiv in H. rewrite Rmult_assoc, Rinv_l, Rmult_0_l in H by lra. lra.
Qed.

(** * The bound *)

(** 1/sigma lies below 1/sigma0 by at most the difference of squares over 2 sigma0^3. *)
Lemma inverse_roots (x y : R) : 0 < x <= y -> 0 <= / sqrt x - / sqrt y <= (y - x) * (/ sqrt x) ^ 3 / 2.
Proof.
  intros H. assert (Px : 0 < sqrt x) by (apply sqrt_lt_R0; lra). assert (L : sqrt x <= sqrt y) by (apply sqrt_le_1_alt; lra).
  assert (Ex : x = sqrt x * sqrt x) by (symmetry; apply sqrt_sqrt; lra).
  assert (Ey : y = sqrt y * sqrt y) by (symmetry; apply sqrt_sqrt; lra).
  set (p := sqrt x) in *. set (q := sqrt y) in *. split.
  - assert (/ q <= / p) by (apply Rinv_le_contravar; lra). lra.
  - rewrite Ex, Ey. replace (/ p - / q) with ((q - p) * (/ p * / q)) by (field; lra).
    replace ((q * q - p * p) * (/ p) ^ 3 / 2) with ((q - p) * (/ p * (/ p * ((q + p) * / p) / 2))) by (field; lra).
    assert (0 < / p) by now apply Rinv_0_lt_compat. assert (/ q <= / p) by (apply Rinv_le_contravar; lra).
    assert (2 <= (q + p) * / p) by (apply Rmult_le_reg_r with p; [easy|]; rewrite Rmult_assoc, Rinv_l by lra; lra).
    apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat_l; [lra|]. nra.
Qed.

Theorem ours_scaffold_error_holds : ours_scaffold_error.
Proof.
  intros eps Rad c m0 h (He & HR & Hm0) m a u Hu.
  assert (Pm0 : 1 <= INR m0) by (apply (le_INR 1); easy). pose proof (pos_INR h) as Ph.
  assert (Em : m = INR m0 + 2 * INR h) by (unfold m; rewrite plus_INR, mult_INR; simpl; ring).
  assert (Pm : 0 < m) by lra.
  set (v := scaffold m0 h c u). set (s := sum u m0). set (mu := s / m). set (r := norm2 m0 u) in *.
  assert (Hr : 0 <= r) by apply norm2_nonneg.
  assert (Hs : s ^ 2 <= INR m0 * r ^ 2) by now apply square_of_sum.
  assert (Mean : mean (m0 + 2 * h) v = mu).
  { unfold mean, mu, v, s. fold m. f_equal. apply scaffold_total. }
  set (s0 := 2 * INR h * c ^ 2 / m + eps). assert (Hs0 : eps <= s0).
  { unfold s0. assert (0 <= 2 * INR h * c ^ 2 / m); [|lra]. apply Rmult_le_pos; [|left; now apply Rinv_0_lt_compat].
    apply Rmult_le_pos; [lra | apply pow2_ge_0]. }
  assert (Dev : deviation (m0 + 2 * h) eps v = sqrt (s0 + (r ^ 2 / m - mu ^ 2))).
  { unfold deviation. f_equal. rewrite Mean, sum_about. fold m. unfold v. rewrite scaffold_squares, scaffold_total.
    fold s. unfold r, norm2. rewrite pow2_sqrt by apply squares_nonneg. unfold s0, mu. field. lra. }
  (* the variance of the dynamic part is between 0 and R^2/m *)
  assert (Mu2 : mu ^ 2 <= r ^ 2 / m).
  { unfold mu. replace ((s / m) ^ 2) with (s ^ 2 / m / m) by (field; lra).
    apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|]. apply Rle_div_l; [easy|]. nra. }
  set (y := s0 + (r ^ 2 / m - mu ^ 2)) in *. assert (Hy : s0 <= y) by (unfold y; lra).
  destruct (inverse_roots s0 y) as [D0 D1]; [lra|]. fold s0 in a. fold a in D0, D1.
  assert (Pa : 0 < a) by (apply Rinv_0_lt_compat, sqrt_lt_R0; lra).
  assert (Pq : 0 <= / sqrt y) by (left; apply Rinv_0_lt_compat, sqrt_lt_R0; lra).
  (* the mean's part *)
  assert (T1 : norm2 m0 (fun _ => - mu * / sqrt y * 1) <= a * INR m0 * Rad / m).
  { rewrite norm2_scal. assert (N1 : norm2 m0 (fun _ => 1) ^ 2 = INR m0).
    { unfold norm2. rewrite pow2_sqrt by apply squares_nonneg. rewrite sum_const. simpl. ring. }
    assert (0 <= norm2 m0 (fun _ => 1)) by apply norm2_nonneg.
    rewrite Rabs_mult, Rabs_Ropp, (Rabs_pos_eq (/ sqrt y)) by easy.
    assert (B : Rabs mu * norm2 m0 (fun _ => 1) <= INR m0 * r / m).
    { apply Rsqr_incr_0_var; [|apply Rmult_le_pos; [nra | left; now apply Rinv_0_lt_compat]].
      unfold Rsqr. replace (Rabs mu * norm2 m0 (fun _ => 1) * (Rabs mu * norm2 m0 (fun _ => 1)))
        with (Rabs mu ^ 2 * norm2 m0 (fun _ => 1) ^ 2) by ring. rewrite N1, pow2_abs. unfold mu.
      replace ((s / m) ^ 2 * INR m0) with (s ^ 2 * (INR m0 / m / m)) by (field; lra).
      replace (INR m0 * r / m * (INR m0 * r / m)) with (INR m0 * r ^ 2 * (INR m0 / m / m)) by (field; lra).
      apply Rmult_le_compat_r; [|easy]. apply Rmult_le_pos; [|left; now apply Rinv_0_lt_compat].
      apply Rmult_le_pos; [lra | left; now apply Rinv_0_lt_compat]. }
    replace (Rabs mu * / sqrt y * norm2 m0 (fun _ => 1)) with (/ sqrt y * (Rabs mu * norm2 m0 (fun _ => 1))) by ring.
    replace (a * INR m0 * Rad / m) with (a * (INR m0 * Rad / m)) by (field; lra).
    apply Rmult_le_compat; [easy | apply Rmult_le_pos; [apply Rabs_pos | easy] | lra|].
    apply Rle_trans with (1 := B). apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat | nra]. }
  (* the scale's part *)
  assert (T2 : norm2 m0 (fun i => (/ sqrt y - a) * u i) <= a ^ 3 * Rad ^ 3 / (2 * m)).
  { rewrite norm2_scal. fold r. rewrite Rabs_left1 by lra.
    apply Rle_trans with (Rad ^ 2 / m * a ^ 3 / 2 * Rad); [|right; field; lra].
    assert (HY : y - s0 <= Rad ^ 2 / m).
    { unfold y. apply Rle_trans with (r ^ 2 / m); [pose proof (pow2_ge_0 mu); lra|].
      apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat | now apply pow_incr]. }
    assert (0 < a ^ 3) by now apply pow_lt.
    apply Rmult_le_compat; [lra | easy | | easy]. apply Rle_trans with ((y - s0) * a ^ 3 / 2); [lra|].
    apply Rmult_le_compat_r; [lra|]. apply Rmult_le_compat_r; lra. }
  split.
  - rewrite (norm2_ext m0 _ (fun i => - mu * / sqrt y * 1 + (/ sqrt y - a) * u i)).
    + eapply Rle_trans; [apply norm2_plus|]. lra.
    + intros i Hi. unfold layer_norm. fold v. rewrite Mean, Dev. unfold v, scaffold. destruct (Nat.ltb_spec i m0); [|lia].
      unfold Rdiv. ring.
  - assert (Ha : a <= / sqrt eps) by (apply Rinv_le_contravar; [now apply sqrt_lt_R0 | now apply sqrt_le_1_alt]).
    assert (Pe : 0 < sqrt eps) by now apply sqrt_lt_R0. assert (Pi : 0 < / m) by now apply Rinv_0_lt_compat.
    replace (a * INR m0 * Rad / m) with (a * (INR m0 * Rad * / m)) by (field; lra).
    replace (INR m0 * Rad / (m * sqrt eps)) with (/ sqrt eps * (INR m0 * Rad * / m)) by (field; lra).
    replace (a ^ 3 * Rad ^ 3 / (2 * m)) with (a ^ 3 * (Rad ^ 3 * / m) / 2) by (field; lra).
    replace (Rad ^ 3 / (m * sqrt eps ^ 3)) with ((/ sqrt eps) ^ 3 * (Rad ^ 3 * / m)) by (field; lra).
    assert (0 <= Rad ^ 3 * / m) by (apply Rmult_le_pos; [now apply pow_le | lra]).
    assert (a ^ 3 <= (/ sqrt eps) ^ 3) by (apply pow_incr; lra). assert (0 <= a ^ 3) by (apply pow_le; lra).
    assert (0 <= INR m0 * Rad * / m) by (apply Rmult_le_pos; [nra | lra]).
    assert (a * (INR m0 * Rad * / m) <= / sqrt eps * (INR m0 * Rad * / m)) by now apply Rmult_le_compat_r.
    assert (a ^ 3 * (Rad ^ 3 * / m) <= (/ sqrt eps) ^ 3 * (Rad ^ 3 * / m)) by now apply Rmult_le_compat_r.
    assert (0 <= a ^ 3 * (Rad ^ 3 * / m)) by now apply Rmult_le_pos. lra.
Qed.

Theorem ours_scaffold_error_instance : exists eps Rad c m0 h, ours_scaffold_error_hypotheses eps Rad c m0 h.
Proof. exists (1 / 100000), 3, 1, 4%nat, 8%nat. unfold ours_scaffold_error_hypotheses. repeat split; lia || lra. Qed.

(** Wide enough: m at least the paper's bound times m, over delta. *)
Theorem lem_J_1_holds : lem_J_1.
Proof.
  intros eps Rad delta c m0 (He & HR & Hd & Hc & Hm0). set (C := INR m0 * Rad / sqrt eps + Rad ^ 3 / sqrt eps ^ 3).
  assert (Pe : 0 < sqrt eps) by now apply sqrt_lt_R0. pose proof (pos_INR m0) as P0.
  destruct (archimed (C / delta)) as [A _]. set (h := S (Z.to_nat (up (C / delta)))). exists h.
  assert (Hh : C / delta <= INR h).
  { unfold h. rewrite S_INR. destruct (Z_le_gt_dec 0 (up (C / delta))) as [Z|Z].
    - rewrite INR_IZR_INZ, Znat.Z2Nat.id by easy. lra.
    - pose proof (pos_INR (Z.to_nat (up (C / delta)))). assert (IZR (up (C / delta)) <= 0) by (apply IZR_le; lia). lra. }
  set (m := INR (m0 + 2 * h)). assert (Em : m = INR m0 + 2 * INR h) by (unfold m; rewrite plus_INR, mult_INR; simpl; ring).
  pose proof (pos_INR h). assert (1 <= INR m0) by (apply (le_INR 1); easy).
  exists (/ sqrt (2 * INR h * c ^ 2 / m + eps)). split; [unfold h; lia|]. split.
  { apply Rinv_0_lt_compat, sqrt_lt_R0. assert (0 <= 2 * INR h * c ^ 2 / m); [|lra].
    apply Rmult_le_pos; [|left; apply Rinv_0_lt_compat; lra]. apply Rmult_le_pos; [lra | apply pow2_ge_0]. }
  intros u Hu. destruct (ours_scaffold_error_holds eps Rad c m0 h) with (u := u) as [B1 B2]; [easy | easy|].
  apply Rle_trans with (1 := B1). apply Rle_trans with (1 := B2). fold m.
  replace (INR m0 * Rad / (m * sqrt eps) + Rad ^ 3 / (m * sqrt eps ^ 3)) with (C / m) by (unfold C; field; lra).
  apply Rle_div_l; [lra|]. apply Rle_div_l in Hh; [|easy].
  apply Rle_trans with (1 := Hh). rewrite Rmult_comm. apply Rmult_le_compat_l; lra.
Qed.

Theorem lem_J_1_instance : exists eps Rad delta c m0, lem_J_1_hypotheses eps Rad delta c m0.
Proof. exists (1 / 100000), 3, (1 / 100), 1, 4%nat. unfold lem_J_1_hypotheses. repeat split; lia || lra. Qed.
