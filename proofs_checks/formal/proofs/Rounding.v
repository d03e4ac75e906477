(** Forward substitution in floating-point arithmetic, and its instance for binary64 by Flocq. *)

From Coq Require Import Reals Lra Lia PeanoNat ZArith.
From Flocq Require Import Core Relative.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Blocks.
Open Scope R_scope.

Lemma rounded_states_below fl B f n t : (t < n)%nat -> rounded_states fl B f n t = rounded_solution fl B f t.
Proof.
  induction n as [|n IH]; intros H; [lia|]. unfold rounded_solution. simpl rounded_states.
  destruct (Nat.eqb_spec t n) as [->|Hn]; [now rewrite Nat.eqb_refl|].
  rewrite Nat.eqb_refl, IH by lia. unfold rounded_solution. simpl. now rewrite Nat.eqb_refl.
Qed.

Lemma rounded_dot_ext fl b x y n : (forall j, (j < n)%nat -> x j = y j) -> rounded_dot fl b x n = rounded_dot fl b y n.
Proof. induction n as [|n IH]; intros H; simpl; [easy|]. rewrite IH, H by auto with arith. easy. Qed.

Lemma rounded_solution_spec fl B f t :
  rounded_solution fl B f t = fl (f t + rounded_dot fl (B t) (rounded_solution fl B f) t).
Proof.
  unfold rounded_solution at 1. simpl. rewrite Nat.eqb_refl. do 2 f_equal. apply rounded_dot_ext.
  intros j Hj. now apply rounded_states_below.
Qed.

Lemma power_at_least_1 u n : 0 <= u -> 1 <= (1 + u) ^ n.
Proof. intros H. apply pow_R1_Rle. lra. Qed.

(** The dot product: one factor 1 + u for each sum that a product goes through, and one for the product itself. *)
Lemma dot_error fl u e b x n : rounds fl u e -> 0 <= u -> 0 <= e ->
  Rabs (rounded_dot fl b x n - sum (fun j => b j * x j) n)
  <= ((1 + u) ^ (S n) - 1) * sum (fun j => Rabs (b j * x j)) n + 2 * INR n * (1 + u) ^ n * e.
Proof.
  intros Hfl Hu He. induction n as [|n IH]; [simpl; rewrite Rminus_0_r, Rabs_R0; lra|].
  set (q := (1 + u) ^ (S n)) in *. assert (Q : 1 <= q) by now apply power_at_least_1.
  assert (Q1 : q = (1 + u) * (1 + u) ^ n) by reflexivity. pose proof (power_at_least_1 u n Hu) as Q0.
  set (A := sum (fun j => Rabs (b j * x j)) n) in *.
  assert (HA : 0 <= A) by (apply sum_nonneg; intros; apply Rabs_pos).
  set (acc := rounded_dot fl b x n) in *. set (s := sum (fun j => b j * x j) n) in *.
  assert (Hs : Rabs s <= A) by apply sum_Rabs_le.
  set (p := b n * x n). set (r := fl p). set (P := Rabs p). assert (0 <= P) by apply Rabs_pos.
  assert (Hr : Rabs (r - p) <= u * P + e) by apply Hfl.
  change (Rabs (fl (acc + r) - (s + p)) <= ((1 + u) * q - 1) * (A + P) + 2 * INR (S n) * q * e).
  rewrite S_INR. pose proof (pos_INR n). set (E := Rabs (acc - s)) in *.
  assert (T : Rabs (acc + r) <= A + E + P + (u * P + e)).
  { replace (acc + r) with (s + (acc - s) + p + (r - p)) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [|easy].
    eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [|apply Rle_refl].
    eapply Rle_trans; [apply Rabs_triang|]. fold E. lra. }
  assert (G : Rabs (fl (acc + r) - (s + p)) <= u * Rabs (acc + r) + e + E + (u * P + e)).
  { replace (fl (acc + r) - (s + p)) with (fl (acc + r) - (acc + r) + (acc - s) + (r - p)) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [|easy].
    eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [apply Hfl | apply Rle_refl]. }
  apply Rle_trans with (1 := G). apply Rle_trans with (u * (A + E + P + (u * P + e)) + e + E + (u * P + e)); [nra|].
  replace (u * (A + E + P + (u * P + e)) + e + E + (u * P + e))
    with ((1 + u) * E + u * A + ((1 + u) * (1 + u) - 1) * P + (2 + u) * e) by ring.
  (* the error so far grows by 1 + u; a fresh product brings (1 + u)^2 - 1 of its size, at most (1 + u)^(n+2) - 1 *)
  apply Rle_trans with ((1 + u) * ((q - 1) * A + 2 * INR n * (1 + u) ^ n * e) + u * A + ((1 + u) * q - 1) * P + 2 * q * e).
  - assert (1 + u <= q) by (rewrite Q1; nra). assert ((1 + u) * E <= (1 + u) * ((q - 1) * A + 2 * INR n * (1 + u) ^ n * e)) by nra.
    assert (((1 + u) * (1 + u) - 1) * P <= ((1 + u) * q - 1) * P) by (apply Rmult_le_compat_r; nra).
    assert ((2 + u) * e <= 2 * q * e) by (apply Rmult_le_compat_r; nra). lra.
  - rewrite Q1. right. ring.
Qed.

(** The exact states are at most F/(1 - rho). *)
Lemma solution_bound B f rho F T : 0 <= rho < 1 ->
  (forall t, (t < T)%nat -> sum (fun j => Rabs (B t j)) t <= rho) -> (forall t, (t < T)%nat -> Rabs (f t) <= F) ->
  forall t, (t < T)%nat -> Rabs (solution B f t) <= F / (1 - rho).
Proof.
  intros Hr HB Hf t. induction t as [t IH] using (well_founded_induction Wf_nat.lt_wf). intros Ht.
  assert (0 <= F) by (eapply Rle_trans; [apply Rabs_pos | apply (Hf t Ht)]).
  assert (0 <= F / (1 - rho)) by (apply Rmult_le_pos; [easy | left; apply Rinv_0_lt_compat; lra]).
  rewrite solution_spec. eapply Rle_trans; [apply Rabs_triang|].
  apply Rle_trans with (F + rho * (F / (1 - rho))); [|right; field; lra]. apply Rplus_le_compat; [now apply Hf|].
  eapply Rle_trans; [apply (sum_Rabs_weighted_le (B t) (solution B f) (F / (1 - rho)) t)|].
  - intros j Hj. apply IH; lia.
  - apply Rmult_le_compat_r; [easy | now apply HB].
Qed.

Theorem ours_rounding_holds : ours_rounding.
Proof.
  intros fl u e rho F B f T (Hfl & Hu & He & Hr & Hth & HB & Hf).
  set (D := ours_rounding_bound u e rho F T). set (th := (1 + u) ^ (T + 2)) in *. set (q := (1 + u) ^ (S T)).
  assert (Eth : th = (1 + u) * q) by (unfold th, q; replace (T + 2)%nat with (S (S T)) by lia; easy).
  assert (Q : 1 <= q) by now apply power_at_least_1.
  intros t. induction t as [t IH] using (well_founded_induction Wf_nat.lt_wf). intros Ht.
  assert (HF : 0 <= F) by (eapply Rle_trans; [apply Rabs_pos | apply (Hf t Ht)]).
  set (S0 := F / (1 - rho)). assert (HS : 0 <= S0) by (apply Rmult_le_pos; [easy | left; apply Rinv_0_lt_compat; lra]).
  assert (ES : F + rho * S0 = S0) by (unfold S0; field; lra).
  set (e' := (2 * INR T + 1) * th * e). pose proof (pos_INR T) as PT.
  assert (He' : 0 <= e') by (apply Rmult_le_pos; [apply Rmult_le_pos; nra | easy]).
  assert (ED : D = (th - 1) * S0 + rho * th * D + e') by (unfold D, ours_rounding_bound; fold th S0 e'; field; lra).
  assert (HD : 0 <= D).
  { unfold D, ours_rounding_bound. fold th S0 e'. apply Rmult_le_pos; [|left; apply Rinv_0_lt_compat; lra].
    apply Rplus_le_le_0_compat; [apply Rmult_le_pos; nra | easy]. }
  set (sh := rounded_solution fl B f) in *. set (s := solution B f) in *.
  set (acc := rounded_dot fl (B t) sh t). set (A := sum (fun j => Rabs (B t j * sh j)) t).
  (* the computed states so far are at most S0 + D *)
  assert (HA : 0 <= A <= rho * (S0 + D)).
  { split; [apply sum_nonneg; intros; apply Rabs_pos|].
    apply Rle_trans with (sum (fun j => Rabs (B t j) * (S0 + D)) t).
    - apply sum_le. intros j Hj. rewrite Rabs_mult. apply Rmult_le_compat_l; [apply Rabs_pos|].
      replace (sh j) with (s j + (sh j - s j)) by ring. eapply Rle_trans; [apply Rabs_triang|].
      apply Rplus_le_compat; [apply (solution_bound B f rho F T); easy || lia | apply IH; lia].
    - rewrite sum_scal_r. apply Rmult_le_compat_r; [lra | now apply HB]. }
  set (E := Rabs (acc - sum (fun j => B t j * sh j) t)).
  assert (HE : E <= (q - 1) * A + 2 * INR T * q * e).
  { eapply Rle_trans; [now apply (dot_error fl u e)|]. fold A.
    assert (M : forall m n, (m <= n)%nat -> (1 + u) ^ m <= (1 + u) ^ n) by (intros; apply Rle_pow; lra || easy).
    assert (M1 : (1 + u) ^ S t <= q) by (apply M; lia). assert (M2 : (1 + u) ^ t <= q) by (apply M; lia).
    apply Rplus_le_compat; [apply Rmult_le_compat_r; lra|]. apply Rmult_le_compat_r; [easy|].
    pose proof (pos_INR t). pose proof (power_at_least_1 u t Hu). assert (INR t <= INR T) by (apply le_INR; lia).
    apply Rmult_le_compat; lra || nra. }
  assert (0 <= E) by apply Rabs_pos.
  (* what earlier errors bring *)
  assert (HP : Rabs (sum (fun j => B t j * (sh j - s j)) t) <= rho * D).
  { eapply Rle_trans; [apply (sum_Rabs_weighted_le (B t) (fun j => sh j - s j) D t)|].
    - intros j Hj. apply IH; lia.
    - apply Rmult_le_compat_r; [easy | now apply HB]. }
  assert (HB0 : Rabs (f t + acc) <= F + A + E).
  { replace (f t + acc) with (f t + sum (fun j => B t j * sh j) t + (acc - sum (fun j => B t j * sh j) t)) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [|apply Rle_refl].
    eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [now apply Hf | apply sum_Rabs_le]. }
  assert (G : Rabs (sh t - s t) <= u * Rabs (f t + acc) + e + E + rho * D).
  { replace (sh t - s t) with (fl (f t + acc) - (f t + acc) + (acc - sum (fun j => B t j * sh j) t)
      + sum (fun j => B t j * (sh j - s j)) t).
    - eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [|easy].
      eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [apply Hfl | apply Rle_refl].
    - rewrite (sum_ext (fun j => B t j * (sh j - s j)) (fun j => B t j * sh j - B t j * s j)) by (intros; ring).
      rewrite sum_minus.
      assert (E1 : sh t = fl (f t + acc)) by apply rounded_solution_spec.
      assert (E2 : s t = f t + sum (fun j => B t j * s j) t) by apply solution_spec.
      rewrite E1, E2. ring. }
  apply Rle_trans with (1 := G). rewrite ED.
  apply Rle_trans with (u * (F + A + E) + e + E + rho * D); [nra|].
  apply Rle_trans with (u * F + u * A + (1 + u) * ((q - 1) * A + 2 * INR T * q * e) + e + rho * D); [nra|].
  apply Rle_trans with (u * F + (th - 1) * A + e' + rho * D).
  - replace (u * F + u * A + (1 + u) * ((q - 1) * A + 2 * INR T * q * e) + e + rho * D)
      with (u * F + ((1 + u) * q - 1) * A + (2 * INR T * ((1 + u) * q) + 1) * e + rho * D) by ring.
    rewrite <- Eth. unfold e'. assert (1 <= th) by nra. assert ((2 * INR T * th + 1) * e <= (2 * INR T + 1) * th * e); [|lra].
    apply Rmult_le_compat_r; [easy | nra].
  - assert (u <= th - 1) by nra. assert ((th - 1) * A <= (th - 1) * (rho * (S0 + D))) by (apply Rmult_le_compat_l; lra).
    assert (u * F <= (th - 1) * F) by (apply Rmult_le_compat_r; lra).
    assert ((th - 1) * S0 = (th - 1) * F + (th - 1) * (rho * S0)) by (rewrite <- ES at 1; ring). lra.
Qed.

Theorem ours_running_rounding_holds : ours_running_rounding.
Proof.
  intros fl u e rho M B f T (Hfl & Hu & He & Hr & HB & HM) t. set (q := (1 + u) ^ (T + 1)).
  set (D := ((u / (1 - u) + (q - 1) * rho) * M + (1 / (1 - u) + 2 * INR T * q) * e) / (1 - rho)).
  assert (Q : 1 <= q) by (apply power_at_least_1; lra).
  induction t as [t IH] using (well_founded_induction Wf_nat.lt_wf). intros Ht.
  set (sh := rounded_solution fl B f) in *. set (s := solution B f) in *. set (acc := rounded_dot fl (B t) sh t).
  set (A := sum (fun j => Rabs (B t j * sh j)) t).
  assert (PM : 0 <= M) by (eapply Rle_trans; [apply Rabs_pos | apply (HM t Ht)]).
  assert (HA : 0 <= A <= rho * M).
  { split; [apply sum_nonneg; intros; apply Rabs_pos|]. apply Rle_trans with (sum (fun j => Rabs (B t j) * M) t).
    - apply sum_le. intros j Hj. rewrite Rabs_mult. apply Rmult_le_compat_l; [apply Rabs_pos | apply HM; lia].
    - rewrite sum_scal_r. apply Rmult_le_compat_r; [easy | now apply HB]. }
  set (E := Rabs (acc - sum (fun j => B t j * sh j) t)). pose proof (pos_INR T) as PT.
  assert (HE : E <= (q - 1) * (rho * M) + 2 * INR T * q * e).
  { eapply Rle_trans; [apply (dot_error fl u e); easy|]. fold A.
    assert (P : forall m n, (m <= n)%nat -> (1 + u) ^ m <= (1 + u) ^ n) by (intros; apply Rle_pow; lra || easy).
    assert (M1 : (1 + u) ^ S t <= q) by (apply P; lia). assert (M2 : (1 + u) ^ t <= q) by (apply P; lia).
    pose proof (power_at_least_1 u (S t) ltac:(lra)) as Q1. pose proof (power_at_least_1 u t ltac:(lra)) as Q2.
    apply Rplus_le_compat; [apply Rmult_le_compat; lra|]. apply Rmult_le_compat_r; [easy|].
    pose proof (pos_INR t). assert (INR t <= INR T) by (apply le_INR; lia). apply Rmult_le_compat; lra. }
  assert (E1 : sh t = fl (f t + acc)) by apply rounded_solution_spec.
  assert (E2 : s t = f t + sum (fun j => B t j * s j) t) by apply solution_spec.
  (* the last sum before rounding is at most (M + e)/(1 - u) *)
  assert (HX : Rabs (f t + acc) <= (M + e) / (1 - u)).
  { apply Rmult_le_reg_r with (1 - u); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra. pose proof (Hfl (f t + acc)) as F. rewrite <- E1 in F. pose proof (HM t Ht) as Mt. fold sh in Mt.
    pose proof (Rabs_triang_inv (f t + acc) (sh t)) as Tr. rewrite Rabs_minus_sym in Tr. lra. }
  assert (HP : Rabs (sum (fun j => B t j * (sh j - s j)) t) <= rho * D).
  { eapply Rle_trans; [apply (sum_Rabs_weighted_le (B t) (fun j => sh j - s j) D t)|].
    - intros j Hj. apply IH; lia.
    - apply Rmult_le_compat_r; [|now apply HB]. unfold D. apply Rmult_le_pos; [|left; apply Rinv_0_lt_compat; lra].
      assert (0 <= u / (1 - u)) by (apply Rmult_le_pos; [lra | left; apply Rinv_0_lt_compat; lra]).
      assert (0 < 1 / (1 - u)) by (apply Rdiv_lt_0_compat; lra).
      apply Rplus_le_le_0_compat; apply Rmult_le_pos; try easy; [|].
      + assert (0 <= (q - 1) * rho) by (apply Rmult_le_pos; lra). lra.
      + assert (0 <= 2 * INR T * q) by (apply Rmult_le_pos; lra). lra. }
  assert (G : Rabs (sh t - s t) <= u * Rabs (f t + acc) + e + E + rho * D).
  { replace (sh t - s t) with (fl (f t + acc) - (f t + acc) + (acc - sum (fun j => B t j * sh j) t)
      + sum (fun j => B t j * (sh j - s j)) t).
    - eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [|easy].
      eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [apply Hfl | apply Rle_refl].
    - rewrite (sum_ext (fun j => B t j * (sh j - s j)) (fun j => B t j * sh j - B t j * s j)) by (intros; ring).
      rewrite sum_minus, E1, E2. ring. }
  apply Rle_trans with (1 := G).
  assert (ED : D = (u / (1 - u) + (q - 1) * rho) * M + (1 / (1 - u) + 2 * INR T * q) * e + rho * D) by (unfold D; field; lra).
  rewrite ED at 2. assert (u * Rabs (f t + acc) <= u * ((M + e) / (1 - u))) by (apply Rmult_le_compat_l; lra).
  replace ((u / (1 - u) + (q - 1) * rho) * M + (1 / (1 - u) + 2 * INR T * q) * e)
    with (u * ((M + e) / (1 - u)) + e + ((q - 1) * (rho * M) + 2 * INR T * q * e)) by (field; lra). lra.
Qed.

(** The same machine: its states are at most 8. *)
Theorem ours_running_rounding_instance : exists fl u e rho M B f T, ours_running_rounding_hypotheses fl u e rho M B f T.
Proof.
  exists (fun x => x * (1 + / 8)), (/ 8), 0, (1 / 2), 8, (fun t j => if Nat.eqb (S j) t then 1 / 2 else 0), (fun _ => 1), 3%nat.
  unfold ours_running_rounding_hypotheses. repeat split; try lra.
  - intros x. replace (x * (1 + / 8) - x) with (/ 8 * x) by ring. rewrite Rabs_mult, (Rabs_pos_eq (/ 8)) by lra. lra.
  - intros t Ht. destruct t as [|[|[|t]]]; [simpl; lra | | | lia]; simpl; rewrite ?Rabs_R0, ?Rabs_pos_eq by lra; lra.
  - intros t Ht. destruct t as [|[|[|t]]]; [| | | lia]; unfold rounded_solution; simpl; rewrite Rabs_pos_eq by lra; lra.
Qed.

(** A machine with three digits: numbers rounded up by an eighth, and a feedback of one half to the predecessor. *)
Theorem ours_rounding_instance : exists fl u e rho F B f T, ours_rounding_hypotheses fl u e rho F B f T.
Proof.
  exists (fun x => x * (1 + / 8)), (/ 8), 0, (1 / 2), 1, (fun t j => if Nat.eqb (S j) t then 1 / 2 else 0), (fun _ => 1), 3%nat.
  unfold ours_rounding_hypotheses. repeat split; try lra.
  - intros x. replace (x * (1 + / 8) - x) with (/ 8 * x) by ring. rewrite Rabs_mult, (Rabs_pos_eq (/ 8)) by lra. lra.
  - simpl. lra.
  - intros t Ht. destruct t as [|[|[|t]]]; [simpl; lra | | | lia]; simpl; rewrite ?Rabs_R0, ?Rabs_pos_eq by lra; lra.
  - intros t _. rewrite Rabs_R1. lra.
Qed.

(** * binary64 *)

Lemma half_bpow (n : nat) : / 2 * bpow radix2 (- Z.of_nat n) = / 2 ^ (S n).
Proof.
  rewrite bpow_opp, bpow_powerRZ, <- pow_powerRZ, <- tech_pow_Rmult, Rinv_mult. easy.
Qed.

Lemma binary64_rounds : rounds binary64 (/ 2 ^ 53) (/ 2 ^ 1075).
Proof.
  intros x. unfold binary64.
  destruct (error_N_FLT radix2 (-1074) 53 eq_refl (fun n => negb (Z.even n)) x) as (a & b & Ha & Hb & _ & ->).
  replace (x * (1 + a) + b - x) with (a * x + b) by ring.
  eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_mult. apply Rplus_le_compat.
  - apply Rmult_le_compat_r; [apply Rabs_pos|]. rewrite <- half_bpow. exact Ha.
  - rewrite <- half_bpow. exact Hb.
Qed.

Theorem ours_rounding_binary64_holds : ours_rounding_binary64.
Proof.
  intros gamma alpha rho F f T (Hr & Hth & H) B t Ht.
  apply (ours_rounding_holds binary64); [|easy]. unfold ours_rounding_hypotheses.
  assert (P : forall n, 0 <= / 2 ^ n) by (intros; left; apply Rinv_0_lt_compat, pow_lt; lra).
  split; [exact binary64_rounds|]. split; [apply P|]. split; [apply P|]. split; [easy|]. split; [easy|].
  split; intros i Hi; destruct (H i Hi) as (Hg & Hfi & Ha & Hs); [|easy].
  rewrite (sum_ext _ (fun j => Rabs (gamma i) * alpha i j)).
  - rewrite sum_scal. assert (0 <= sum (alpha i) i) by (apply sum_nonneg; easy). pose proof (Rabs_pos (gamma i)). nra.
  - intros j Hj. unfold B. rewrite Rabs_mult, (Rabs_pos_eq (alpha i j)) by (now apply Ha). easy.
Qed.

(** Uniform rows with gain one half, four tokens. *)
Theorem ours_rounding_binary64_instance : exists gamma alpha rho F f T, ours_rounding_binary64_hypotheses gamma alpha rho F f T.
Proof.
  exists (fun _ => - (1 / 2)), (fun t _ => / INR t), (1 / 2), 1, (fun t => / INR (S t)), 4%nat.
  unfold ours_rounding_binary64_hypotheses. split; [lra|]. split.
  - assert (E : / 2 ^ 53 <= / 16).
    { apply Rinv_le_contravar; [lra|]. replace 16 with (2 ^ 4) by (simpl; lra). apply Rle_pow; [lra | lia]. }
    assert (0 < / 2 ^ 53) by (apply Rinv_0_lt_compat, pow_lt; lra).
    apply Rle_lt_trans with (1 / 2 * (1 + / 16) ^ (4 + 2)); [|simpl; lra].
    apply Rmult_le_compat_l; [lra|]. apply pow_incr. lra.
  - intros t Ht. split; [rewrite Rabs_left; lra|]. split; [|split].
    + rewrite Rabs_pos_eq by (left; apply Rinv_0_lt_compat, lt_0_INR; lia).
      apply Rle_trans with (/ 1); [|lra]. apply Rinv_le_contravar; [lra|]. apply (le_INR 1). lia.
    + intros j Hj. left. apply Rinv_0_lt_compat, lt_0_INR. lia.
    + rewrite sum_const. destruct t; [simpl; lra|]. right. apply Rinv_r. apply not_0_INR. lia.
Qed.
