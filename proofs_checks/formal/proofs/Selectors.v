(** Blocks without feedback: resets (K.18, K.19), the window written into a channel (K.7), the multiplier (K.11), and their
    composition, the selector (K.12, K.13, K.14). *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums SoftmaxRows Normal Blocks Positions Gelu Focusing.
Open Scope R_scope.

(** * Blocks with gain 0 *)

Lemma gain_zero m p x t : w_gamma p = (fun _ => 0) -> b_gamma p = 0 -> gain m (fun z => z) p x t = 0.
Proof. intros Hw Hb. unfold gain. rewrite Hw, Hb, inner_zero, Rplus_0_r. apply tanh_0. Qed.

Lemma state_without_feedback m d omega p x t c : (forall i, gain m (fun z => z) p x i = 0) ->
  state m d omega (fun z => z) p x t c = forward_signal m d omega (fun z => z) p x c t.
Proof. intros H. apply solution_zero. intros i j _. rewrite H. ring. Qed.

(** A matrix of which only one column, only one coordinate of z, counts. *)
Lemma row_times_column m z W j k : (k < m)%nat -> (forall i, (i < m)%nat -> i <> k -> W i j = 0) ->
  row_times m z W j = z k * W k j.
Proof.
  intros Hk H. apply (sum_single (fun i => z i * W i j) m k Hk). intros i Hi Hne. rewrite H by easy. ring.
Qed.

(** * Resets *)

Definition reset_block (n : nat) (e : nat -> nat -> R) : block := {|
  W_a := fun _ _ => 0; b_a := fun j => if Nat.eqb j 0 then 1 else 0; W_g := fun i r => e r i; b_g := fun _ => 0;
  W_Qf := fun _ _ => 0; W_Kf := fun _ _ => 0; W_Qb := fun _ _ => 0; W_Kb := fun _ _ => 0;
  W_V := fun i _ => if Nat.eqb i 0 then / GELU 1 else 0; w_gamma := fun _ => 0; b_gamma := 0;
  W_out := fun r i => if Nat.ltb r n then - e r i else 0; b_out := fun _ => 0 |}.

Lemma reset_output m n d omega e u t i : (1 <= m)%nat -> (n <= m)%nat ->
  block_output m d omega (fun z => z) (reset_block n e) u t i = u t i - sum (fun r => inner m (u t) (e r) * e r i) n.
Proof.
  intros Hm Hn. unfold block_output. simpl b_out. unfold row_times at 1.
  rewrite (sum_truncate _ n m) by (easy || (intros r Hr; simpl W_out; destruct (Nat.ltb_spec r n); [lia | ring])).
  rewrite (sum_ext _ (fun r => - (inner m (u t) (e r) * e r i)) n); [rewrite sum_opp; ring|].
  intros r Hr. rewrite state_without_feedback by (intros; now apply gain_zero).
  rewrite (forward_constant m d omega (fun z => z) _ u r t 1).
  - unfold gate. simpl. destruct (Nat.ltb_spec r n); [|lia]. unfold row_times, inner. ring.
  - intros j _. rewrite (row_times_column m _ _ r 0) by (lia || (intros k _ Hk; simpl; apply Nat.eqb_neq in Hk; now rewrite Hk)).
    unfold activation. simpl. rewrite row_times_zero, Rplus_0_l. apply Rinv_r. pose proof (GELU_pos 1). lra.
Qed.

(** The inner product of a sum of vectors. *)
Lemma inner_sum m n (u : nat -> R) (c : nat -> R) (e : nat -> nat -> R) v :
  inner m (fun i => u i - sum (fun r => c r * e r i) n) v = inner m u v - sum (fun r => c r * inner m (e r) v) n.
Proof.
  unfold inner. rewrite (sum_ext (fun r => c r * _) (fun r => sum (fun i => c r * (e r i * v i)) m) n)
    by (intros; now rewrite sum_scal).
  rewrite sum_swap, <- sum_minus. apply sum_ext. intros i _. rewrite Rmult_minus_distr_r, <- sum_scal_r.
  f_equal. apply sum_ext. intros; ring.
Qed.

Lemma inner_moved m u a e_sig tau t v : inner m (moved u a e_sig tau t) v
  = inner m (u t) v + (if Nat.eqb t tau then a else 0) * inner m e_sig v.
Proof.
  unfold moved. rewrite <- inner_plus. apply inner_ext. intros i _. destruct (Nat.eqb t tau); ring.
Qed.

Theorem lem_K_19_holds : lem_K_19.
Proof.
  intros m n [Hm Hn] d omega e. exists (reset_block n e). intros Z.
  assert (E : forall u t i, Z u t i = u t i - sum (fun r => inner m (u t) (e r) * e r i) n)
    by (intros; now apply reset_output).
  assert (I : forall u t v, inner m (Z u t) v = inner m (u t) v - sum (fun r => inner m (u t) (e r) * inner m (e r) v) n).
  { intros u t v. rewrite <- inner_sum. apply inner_ext. intros; apply E. }
  split; [intros; now apply gain_zero|]. split; [intros; apply E|]. split; [|split].
  - intros Ho u t r Hr. rewrite I, (sum_single _ n r Hr).
    + rewrite Ho, Nat.eqb_refl by easy. ring.
    + intros r' Hr' Hne. rewrite Ho by easy. apply Nat.eqb_neq in Hne. rewrite Hne. ring.
  - intros u t v Hv. rewrite I, (sum_ext _ (fun _ => 0)), sum_zero; [ring|]. intros r Hr. rewrite Hv by easy. ring.
  - intros u a e_sig tau t i Ho Hi. rewrite !E.
    rewrite (sum_ext _ (fun r => inner m (u t) (e r) * e r i) n).
    + unfold moved. destruct (Nat.eqb t tau); ring.
    + intros r Hr. rewrite inner_moved, Ho by easy. ring.
Qed.

Theorem lem_K_19_instance : exists m n, lem_K_19_hypotheses m n.
Proof. exists 6%nat, 3%nat. unfold lem_K_19_hypotheses. lia. Qed.

Theorem lem_K_18_holds : lem_K_18.
Proof.
  intros m e [Hm He] d omega. destruct (lem_K_19_holds m 1%nat (conj Hm Hm) d omega (fun _ => e)) as (p & Hg & HZ & H0 & Hk & Hs).
  exists p. intros Z. split; [exact Hg|]. split; [|split; [|split]].
  - intros u t i Hi. unfold Z. rewrite HZ by easy. simpl. ring.
  - intros u t. apply (H0) with (r := 0%nat); [|lia]. intros [|r] [|r'] Hr Hr'; (exact He || lia).
  - intros u t v Hv. apply Hk. intros; easy.
  - intros u a e_sig tau t i Ho Hi. apply Hs; [intros; easy | easy].
Qed.

Theorem lem_K_18_instance : exists m e_zero, lem_K_18_hypotheses m e_zero.
Proof. exists 2%nat, (fun i => if Nat.eqb i 0 then 3 / 5 else 4 / 5). split; [lia|]. unfold inner. simpl. field. Qed.

(** * A focused row mixes to about the value of the token itself *)

Lemma focused_mix (alpha w : nat -> R) (t : nat) (c mu eta M : R) :
  (forall j, (j <= t)%nat -> 0 <= alpha j) -> sum alpha (S t) = 1 -> sum alpha t <= mu -> 0 <= M ->
  Rabs (w t - c) <= eta -> (forall j, (j < t)%nat -> Rabs (w j - c) <= M) ->
  Rabs (sum (fun j => alpha j * w j) (S t) - c) <= eta + mu * M.
Proof.
  intros Ha H1 Hmu HM Ht Hj.
  replace (sum (fun j => alpha j * w j) (S t) - c) with (sum (fun j => alpha j * (w j - c)) (S t)).
  - simpl. eapply Rle_trans; [apply Rabs_triang|].
    assert (A : Rabs (sum (fun j => alpha j * (w j - c)) t) <= mu * M).
    { eapply Rle_trans; [apply (sum_Rabs_weighted_le alpha (fun j => w j - c) M t Hj)|].
      apply Rmult_le_compat_r; [easy|].
      rewrite (sum_ext _ alpha); [easy|]. intros j Hjt. apply Rabs_pos_eq, Ha. lia. }
    assert (B : Rabs (alpha t * (w t - c)) <= eta).
    { rewrite Rabs_mult, (Rabs_pos_eq (alpha t)) by (apply Ha; lia). pose proof (Rabs_pos (w t - c)).
      assert (alpha t <= 1).
      { rewrite <- H1. simpl. assert (0 <= sum alpha t) by (apply sum_nonneg; intros; apply Ha; lia). lra. }
      assert (0 <= alpha t) by (apply Ha; lia). nra. }
    lra.
  - rewrite (sum_ext _ (fun j => alpha j * w j - alpha j * c)) by (intros; ring).
    rewrite sum_minus, sum_scal_r, H1. ring.
Qed.

Lemma focus_row_facts omega d s z t : (forall j, (j <= t)%nat -> 0 <= focus_row omega d s z t j)
  /\ sum (focus_row omega d s z t) (S t) = 1
  /\ forall n, (n <= S t)%nat -> sum (focus_row omega d s z t) n = sum (focus_weight omega d s z t) n.
Proof.
  assert (E : forall n, (n <= S t)%nat -> sum (focus_row omega d s z t) n = sum (focus_weight omega d s z t) n).
  { intros n Hn. apply sum_ext. intros j Hj. unfold focus_row. destruct (Nat.leb_spec j t); [easy | lia]. }
  split; [|split; [|exact E]].
  - intros j Hj. unfold focus_row. destruct (Nat.leb_spec j t); [|lra]. left. apply softmax_pos. lia.
  - rewrite E by lia. apply softmax_sum. lia.
Qed.

(** * The two kinds of blocks: slot 0 is the position, slot 1 the constant 1, further slots are read into value 1 *)

Definition selector_block (s : R) (e_pos : nat -> R) (slots : nat -> nat -> R) (offsets : nat -> R) (read : nat -> R)
  (g0 g1 : nat -> R) (c1 : R) (e_out : nat -> R) : block := {|
  W_a := fun i j => match j with 0%nat => e_pos i | 1%nat => 0 | S (S k) => slots k i end;
  b_a := fun j => match j with 0%nat => 0 | 1%nat => 1 | S (S k) => offsets k end;
  W_g := fun i j => match j with 0%nat => g0 i | 1%nat => g1 i | _ => 0 end;
  b_g := fun j => match j with 1%nat => c1 | _ => 0 end;
  W_Qf := corner s; W_Kf := corner s; W_Qb := fun _ _ => 0; W_Kb := fun _ _ => 0;
  W_V := fun i j => match i, j with 1%nat, 0%nat => / GELU 1 | S (S k), 1%nat => read k | _, _ => 0 end;
  w_gamma := fun _ => 0; b_gamma := 0;
  W_out := fun j i => match j with 0%nat => - e_out i | 1%nat => e_out i | _ => 0 end; b_out := fun _ => 0 |}.

(** The value that the block reads from its n further slots. *)
Definition read_value (m n : nat) (slots : nat -> nat -> R) (offsets read : nat -> R) (v : nat -> R) : R :=
  sum (fun k => GELU (inner m v (slots k) + offsets k) * read k) n.

Lemma selector_output m n d omega s e_pos slots offsets read g0 g1 c1 e_out u t i :
  (2 + n <= m)%nat -> (2 <= d)%nat -> (forall k, (n <= k)%nat -> read k = 0) ->
  let z t := inner m (u t) e_pos in
  block_output m d omega (fun z => z) (selector_block s e_pos slots offsets read g0 g1 c1 e_out) u t i
  = u t i + (sum (fun j => focus_row omega d s z t j * read_value m n slots offsets read (u j)) (S t) * (inner m (u t) g1 + c1)
             - inner m (u t) g0) * e_out i.
Proof.
  intros Hm Hd Hread z. set (p := selector_block s e_pos slots offsets read g0 g1 c1 e_out).
  assert (F : focuses m s e_pos p) by easy.
  unfold block_output. simpl b_out. unfold row_times at 1. rewrite sum_first_two by (lia || (intros [|[|j]] Hj; [lia | lia | simpl; ring])).
  rewrite !state_without_feedback by (intros; now apply gain_zero).
  (* value 0 is 1 everywhere *)
  rewrite (forward_constant m d omega (fun z => z) p u 0 t 1).
  2:{ intros j _. rewrite (row_times_column m _ _ 0 1) by (lia || (intros [|[|k]] _ Hk; [easy | lia | easy])).
      unfold activation. replace (row_times m (u j) (W_a p) 1) with 0.
      - simpl. rewrite Rplus_0_l. apply Rinv_r. pose proof (GELU_pos 1). lra.
      - unfold row_times. rewrite (sum_ext _ (fun _ => 0)), sum_zero by (intros; simpl; ring). easy. }
  (* value 1 is what is read *)
  assert (V : forward_signal m d omega (fun z => z) p u 1 t
    = sum (fun j => focus_row omega d s z t j * read_value m n slots offsets read (u j)) (S t)).
  { unfold forward_signal. apply sum_ext. intros j Hj. rewrite (focus_weight_spec m d omega s e_pos) by (easy || lia).
    unfold focus_row. destruct (Nat.leb_spec j t); [|lia]. unfold z. f_equal.
    unfold row_times. replace m with (2 + (n + (m - 2 - n)))%nat by lia.
    rewrite sum_split, sum_split. rewrite (sum_ext _ (fun _ => 0) (m - 2 - n)).
    - rewrite sum_zero. simpl. unfold read_value. replace (S (S (n + (m - 2 - n)))) with m by lia.
      rewrite !Rmult_0_r, !Rplus_0_l, Rplus_0_r. apply sum_ext. intros k _. easy.
    - intros k _. simpl. rewrite Hread by lia. ring. }
  rewrite V. unfold gate. simpl. unfold row_times. fold (inner m (u t) g0) (inner m (u t) g1). ring.
Qed.

Lemma inner_plus_r m v w u a : inner m u (fun i => v i + a * w i) = inner m u v + a * inner m u w.
Proof. rewrite inner_sym, inner_plus, !(inner_sym m u). easy. Qed.

(** * Lemma K.7 *)

(** The four slots of a window: L (z - a), ..., with their coefficients. *)
Definition window_read (L a a' b b' : R) (k : nat) : R :=
  match k with
  | 0%nat => / (L * (a' - a)) | 1%nat => - / (L * (a' - a)) | 2%nat => - / (L * (b' - b)) | 3%nat => / (L * (b' - b))
  | _ => 0
  end.
Definition window_corner (L a a' b b' : R) (k : nat) : R :=
  match k with 0%nat => - L * a | 1%nat => - L * a' | 2%nat => - L * b | _ => - L * b' end.

Lemma window_is_read m e_pos L a a' b b' v : 0 < L -> a < a' -> b < b' ->
  read_value m 4 (fun _ i => L * e_pos i) (window_corner L a a' b b') (window_read L a a' b b') v
  = window L a a' b b' (inner m v e_pos).
Proof.
  intros HL Ha Hb. unfold read_value, window, scaled_GELU. set (z := inner m v e_pos).
  assert (E : inner m v (fun i => L * e_pos i) = L * z).
  { unfold z, inner. rewrite <- sum_scal. apply sum_ext. intros; ring. }
  simpl. rewrite E.
  replace (L * z + - L * a) with (L * (z - a)) by ring. replace (L * z + - L * a') with (L * (z - a')) by ring.
  replace (L * z + - L * b) with (L * (z - b)) by ring. replace (L * z + - L * b') with (L * (z - b')) by ring.
  field. lra.
Qed.

Theorem lem_K_7_holds : lem_K_7.
Proof.
  intros m d T tau low high eps e_pos e_aux (Hm & Hd & O & Ht & He & Hu & Ho) omega.
  set (eta := eps / 4). assert (Heta : 0 < eta < 1) by (unfold eta; lra).
  destruct (lem_K_6_holds T tau low high eta) as (a & a' & b & b' & L & Ha & Hb & HL & W1 & W0 & WA & _); [easy|].
  destruct (focus_weight_sharp omega d T low high eta Hd O Heta) as [s Hs].
  set (w := window L a a' b b'). set (row := focus_row omega d s).
  exists (selector_block s e_pos (fun _ i => L * e_pos i) (window_corner L a a' b b') (window_read L a a' b b') e_aux (fun _ => 0) 1 e_aux).
  exists (fun z t => sum (fun j => row z t j * w (z j)) (S t)). split.
  { intros z z' t Hz. apply sum_ext. intros j Hj. rewrite Hz by lia. f_equal. now apply focus_row_of_positions. }
  intros u z y.
  assert (Y : forall t i, y t i = u t i + (sum (fun j => row z t j * w (z j)) (S t) - inner m (u t) e_aux) * e_aux i).
  { intros t i. unfold y. rewrite (selector_output m 4) by (lia || (intros [|[|[|[|k]]]]; simpl; easy || lia)).
    rewrite inner_zero. f_equal. f_equal. rewrite Rplus_0_l, Rmult_1_r. f_equal. apply sum_ext. intros j _.
    rewrite window_is_read by lra. easy. }
  assert (I : forall t v, inner m (y t) v = inner m (u t) v + (sum (fun j => row z t j * w (z j)) (S t) - inner m (u t) e_aux) * inner m e_aux v).
  { intros t v. rewrite <- inner_plus. apply inner_ext. intros; apply Y. }
  split; [intros; now apply gain_zero|]. split; [intros; apply Y|]. split; [intros t; rewrite I, Hu; ring|].
  split; [intros t v Hv; rewrite I, Hv; ring|]. intros P.
  (* the mean of the window is near its value at the token itself, c *)
  assert (N : forall t c, (t <= T)%nat -> 0 <= c <= 1 -> Rabs (w (z t) - c) <= eta ->
    Rabs (sum (fun j => row z t j * w (z j)) (S t) - c) <= eps).
  { intros t c HtT Hc Hw. destruct (focus_row_facts omega d s z t) as (F0 & F1 & FS). destruct (Hs z P t HtT) as [_ Hrest].
    apply Rle_trans with (eta + eta * 3); [|unfold eta; lra].
    apply (focused_mix (row z t) (fun j => w (z j))); [exact F0 | exact F1 | unfold row; now rewrite FS by lia | lra | exact Hw|].
    intros j _. specialize (WA (z j)). apply Rabs_le_between in WA. apply Rabs_le. unfold w. lra. }
  split.
  - apply N; [easy | lra|]. apply W1. now apply P.
  - intros t HtT. split.
    + intros Hne. rewrite <- (Rminus_0_r (sum _ _)). apply N; [easy | lra|]. rewrite Rminus_0_r. apply (W0 t); [easy | easy | now apply P].
    + destruct (focus_row_facts omega d s z t) as (F0 & F1 & _).
      eapply Rle_trans; [apply (sum_Rabs_weighted_le (row z t) (fun j => w (z j)) (1 + eta))|].
      * intros j _. apply WA.
      * rewrite (sum_ext _ (row z t)); [unfold row; rewrite F1; lra|]. intros j Hj. apply Rabs_pos_eq, F0. lia.
Qed.

(** Three directions, and positions a half apart. *)
Definition unit_vector (k : nat) : nat -> R := fun i => if Nat.eqb i k then 1 else 0.

Lemma unit_vectors_orthonormal m k l : (k < m)%nat -> inner m (unit_vector k) (unit_vector l) = if Nat.eqb k l then 1 else 0.
Proof.
  intros H. unfold inner, unit_vector. rewrite (sum_single _ m k H); [rewrite Nat.eqb_refl; ring|].
  intros i _ Hi. apply Nat.eqb_neq in Hi. rewrite Hi. ring.
Qed.

Theorem lem_K_7_instance : exists m d T tau low high eps e_pos e_aux, lem_K_7_hypotheses m d T tau low high eps e_pos e_aux.
Proof.
  exists 6%nat, 2%nat, 5%nat, 2%nat, (fun t => INR t + 1), (fun t => INR t + 3 / 2), (1 / 10), (unit_vector 0), (unit_vector 2).
  unfold lem_K_7_hypotheses. rewrite !unit_vectors_orthonormal by lia. simpl Nat.eqb.
  repeat match goal with |- _ /\ _ => split end; lia || lra || apply (example_intervals 6).
Qed.

(** * Lemma K.11 *)

(** A function that is p + h q near 0 has the derivative q. *)
Lemma derivative_of_line (f : R -> R) (p q delta : R) : 0 < delta ->
  (forall h, Rabs h <= delta -> f h = p + h * q) -> is_derive f 0 q.
Proof.
  intros Hd H. apply (is_derive_ext_loc (fun h => p + h * q)).
  - exists (mkposreal delta Hd). intros h Hh. symmetry. apply H. left.
    unfold ball in Hh. simpl in Hh. unfold AbsRing_ball, abs, minus, plus, opp in Hh. simpl in Hh.
    rewrite Ropp_0, Rplus_0_r in Hh. exact Hh.
  - auto_derive; [easy | ring].
Qed.

(** The signal of token t, with the factor c, where h is added to that of token j. *)
Lemma multiplied_signal (f : R -> R) c x t j :
  (forall h, f h = c * (x + (if Nat.eqb t j then h else 0))) -> is_derive f 0 (if Nat.eqb t j then c else 0).
Proof.
  intros H. apply (derivative_of_line f (c * x) _ 1); [lra|]. intros h _. rewrite H. destruct (Nat.eqb t j); ring.
Qed.

Definition identity_read (k : nat) : R := match k with 0%nat => 1 | 1%nat => - 1 | _ => 0 end.
Definition identity_slots (e : nat -> R) (k i : nat) : R := match k with 0%nat => e i | _ => - e i end.

Lemma identity_is_read m e v : read_value m 2 (identity_slots e) (fun _ => 0) identity_read v = inner m v e.
Proof.
  unfold read_value, identity_slots. simpl. set (x := inner m v (fun i => e i)).
  assert (E : inner m v (fun i => - e i) = - x).
  { unfold x, inner. rewrite <- sum_opp. apply sum_ext. intros; ring. }
  rewrite E, !Rplus_0_r. unfold GELU. rewrite Phi_opp. change (inner m v e) with x. ring.
Qed.

Theorem lem_K_11_holds : lem_K_11.
Proof.
  intros m d T low high delta M e_pos e_sig e_aux (Hm & Hd & O & Hdl & HM & Hs1 & Hps & Has) omega.
  (* mu <= 1/2 and 2 M mu <= delta *)
  set (mu := Rmin (1 / 2) (delta / (2 * M + 1))).
  assert (Hmu : 0 < mu < 1).
  { unfold mu. split; [apply Rmin_glb_lt; [lra | apply Rdiv_lt_0_compat; lra]|]. pose proof (Rmin_l (1 / 2) (delta / (2 * M + 1))). lra. }
  assert (HmuM : mu * (2 * M) <= delta).
  { apply Rle_trans with (delta / (2 * M + 1) * (2 * M)); [apply Rmult_le_compat_r; [lra | apply Rmin_r]|].
    apply Rmult_le_reg_r with (2 * M + 1); [lra|].
    replace (delta / (2 * M + 1) * (2 * M) * (2 * M + 1)) with (delta * (2 * M)) by (field; lra). nra. }
  destruct (focus_weight_sharp omega d T low high mu Hd O Hmu) as [s Hs].
  exists (selector_block s e_pos (identity_slots e_aux) (fun _ => 0) identity_read e_sig e_sig 0 e_sig), (focus_row omega d s).
  split; [intros j; apply focus_row_of_positions|]. intros u z w D y.
  set (p := selector_block s e_pos (identity_slots e_aux) (fun _ => 0) identity_read e_sig e_sig 0 e_sig) in *.
  set (factor := fun (x : nat -> nat -> R) t =>
    sum (fun j => focus_row omega d s (fun i => inner m (x i) e_pos) t j * inner m (x j) e_aux) (S t)).
  assert (All : forall x t i, block_output m d omega (fun z => z) p x t i = x t i + (factor x t - 1) * inner m (x t) e_sig * e_sig i).
  { intros x t i. unfold p. rewrite (selector_output m 2) by (lia || (intros [|[|k]]; simpl; easy || lia)).
    f_equal. rewrite (sum_ext _ (fun j => focus_row omega d s (fun i => inner m (x i) e_pos) t j * inner m (x j) e_aux) (S t));
      [unfold factor; ring|]. intros j _. now rewrite identity_is_read. }
  assert (I : forall x t v, inner m (block_output m d omega (fun z => z) p x t) v
                            = inner m (x t) v + (factor x t - 1) * inner m (x t) e_sig * inner m e_sig v).
  { intros x t v. rewrite <- inner_plus. apply inner_ext. intros; apply All. }
  split; [intros; now apply gain_zero|]. split; [intros; apply All|]. split; [intros t; unfold y; rewrite I, Hs1; unfold factor, D, z, w; ring|].
  split; [intros t v Hv; unfold y; rewrite I, Hv; ring|]. split.
  { (* the factor does not see the signal *)
    intros t j. apply (multiplied_signal _ _ (inner m (u t) e_sig)). intros h. rewrite I, inner_moved, Hs1.
    assert (E : factor (moved u h e_sig j) t = D t).
    { apply sum_ext. intros i Hi. rewrite inner_moved, (inner_sym m e_sig e_aux), Has. rewrite Rmult_0_r, Rplus_0_r. f_equal.
      apply focus_row_of_positions. intros k _. rewrite inner_moved, (inner_sym m e_sig e_pos), Hps. unfold z. ring. }
    rewrite E. ring. }
  intros P B t Ht.
  destruct (focus_row_facts omega d s z t) as (F0 & F1 & FS). destruct (Hs z P t Ht) as [_ Hrest].
  apply Rle_trans with (0 + mu * (2 * M)); [|lra].
  apply (focused_mix (focus_row omega d s z t) w); [exact F0 | exact F1 | now rewrite FS by lia | lra | |].
  - rewrite Rminus_eq_0, Rabs_R0. lra.
  - intros j Hj. pose proof (B t Ht) as B1. pose proof (B j ltac:(lia)) as B2. apply Rabs_le_between in B1, B2. apply Rabs_le. lra.
Qed.

Theorem lem_K_11_instance : exists m d T low high delta M e_pos e_sig e_aux,
  lem_K_11_hypotheses m d T low high delta M e_pos e_sig e_aux.
Proof.
  exists 4%nat, 2%nat, 5%nat, (fun t => INR t + 1), (fun t => INR t + 3 / 2), (1 / 10), 2, (unit_vector 0), (unit_vector 1), (unit_vector 2).
  unfold lem_K_11_hypotheses. rewrite !unit_vectors_orthonormal by lia. simpl Nat.eqb.
  repeat match goal with |- _ /\ _ => split end; lia || lra || apply (example_intervals 6).
Qed.

(** * Lemmas K.12 and K.14 *)

Theorem lem_K_12_holds : lem_K_12.
Proof.
  intros m d T tau low high eps e_pos e_sig e_aux (Hm & Hd & O & Ht & He & Hs & Ha & Hps & Hpa & Has) omega.
  destruct (lem_K_7_holds m d T tau low high (eps / 4) e_pos e_aux) with (omega := omega) as (p1 & a & Pa & H1).
  { unfold lem_K_7_hypotheses. repeat match goal with |- _ /\ _ => split end; easy || lra. }
  destruct (lem_K_11_holds m d T low high (eps / 4) 2 e_pos e_sig e_aux) with (omega := omega) as (p2 & alpha & Pal & H2).
  { unfold lem_K_11_hypotheses. repeat match goal with |- _ /\ _ => split end; easy || lia || lra. }
  set (D := fun (z : nat -> R) t => sum (fun j => alpha z t j * a z j) (S t)).
  exists p1, p2, D, a. intros G. split; [intros u t; split; [apply (H1 u) | apply (H2 u)]|].
  enough (S : selects m T tau low high eps e_pos e_sig e_aux G D a).
  { split; [exact S|]. destruct S as (PD & _ & S). intros u t j. apply (multiplied_signal _ _ (inner m (u t) e_sig)). intros h.
    destruct (S (moved u h e_sig j)) as (_ & Sig & _). rewrite Sig, inner_moved, Hs, Rmult_1_r. f_equal. apply PD.
    intros i _. rewrite inner_moved, (inner_sym m e_sig e_pos), Hps. cbv beta. ring. }
  split; [|split; [exact Pa|]].
  { intros z z' t Hz. apply sum_ext. intros j Hj. f_equal; [now apply Pal | apply Pa; intros; apply Hz; lia]. }
  intros u z. unfold G. set (v := block_output m d omega (fun z => z) p1 u).
  destruct (H1 u) as (_ & Y1 & A1 & K1 & B1). fold v in Y1, A1, K1. fold z in Y1, A1, B1.
  destruct (H2 v) as (_ & Y2 & S2 & K2 & _ & B2). simpl in Y2, S2, K2, B2.
  (* the first block keeps positions and signal, and writes the auxiliary channel *)
  assert (Ez : forall t, inner m (v t) e_pos = z t) by (intros; apply K1; now rewrite inner_sym).
  assert (Es : forall t, inner m (v t) e_sig = inner m (u t) e_sig) by (intros; now apply K1).
  assert (ED : forall t, sum (fun j => alpha (fun i => inner m (v i) e_pos) t j * inner m (v j) e_aux) (S t) = D z t).
  { intros t. apply sum_ext. intros j Hj. rewrite A1. f_equal. apply Pal. intros; apply Ez. }
  split; [|split; [|split]].
  - intros t i Hi. specialize (Y2 t i Hi). fold (sum (fun j => alpha (fun i => inner m (v i) e_pos) t j * inner m (v j) e_aux) (S t)) in Y2.
    change (sum _ t + _) with (sum (fun j => alpha (fun i => inner m (v i) e_pos) t j * inner m (v j) e_aux) (S t)) in Y2.
    rewrite Y2, ED, Es. unfold v. rewrite Y1 by easy. ring.
  - intros t. specialize (S2 t).
    change (sum _ t + _) with (sum (fun j => alpha (fun i => inner m (v i) e_pos) t j * inner m (v j) e_aux) (S t)) in S2.
    rewrite S2, ED, Es. easy.
  - intros t w Hw1 Hw2. rewrite K2 by easy. now apply K1.
  - intros P. destruct (B1 P) as [Btau Ball].
    assert (N : forall t, (t <= T)%nat -> Rabs (D z t - a z t) <= eps / 4).
    { intros t HtT. rewrite <- ED, <- A1. apply B2; [| | easy].
      - intros i Hi. rewrite Ez. now apply P.
      - intros i Hi. rewrite A1. now apply Ball. }
    split.
    + pose proof (N tau Ht) as N1. apply Rabs_le_between in N1, Btau. lra.
    + intros t HtT Hne. pose proof (N t HtT) as N1. destruct (Ball t HtT) as [B0 _]. specialize (B0 Hne).
      apply Rabs_le_between in N1, B0. apply Rabs_le. lra.
Qed.

Theorem lem_K_12_instance : exists m d T tau low high eps e_pos e_sig e_aux,
  lem_K_12_hypotheses m d T tau low high eps e_pos e_sig e_aux.
Proof.
  exists 6%nat, 2%nat, 5%nat, 2%nat, (fun t => INR t + 1), (fun t => INR t + 3 / 2), (1 / 10), (unit_vector 0), (unit_vector 1), (unit_vector 2).
  unfold lem_K_12_hypotheses. rewrite !unit_vectors_orthonormal by lia. simpl Nat.eqb.
  repeat match goal with |- _ /\ _ => split end; lia || lra || apply (example_intervals 6).
Qed.

Theorem rem_K_13_holds : rem_K_13.
Proof.
  intros m T tau low high eps e_pos e_sig e_aux G D a (PD & _ & H) u v t x y Hz Hx Hy Hu Hv.
  destruct (H u) as (_ & Su & _). destruct (H v) as (_ & Sv & _). rewrite Su in Hx. rewrite Sv in Hy.
  apply Rmult_eq_reg_r in Hx; [|easy]. apply Rmult_eq_reg_r in Hy; [|easy]. rewrite <- Hx, <- Hy. now apply PD.
Qed.

(** The selector of Lemma K.12. *)
Theorem rem_K_13_instance : exists m T tau low high eps e_pos e_sig e_aux G D a,
  rem_K_13_hypotheses m T tau low high eps e_pos e_sig e_aux G D a.
Proof.
  destruct lem_K_12_instance as (m & d & T & tau & low & high & eps & e_pos & e_sig & e_aux & H).
  destruct (lem_K_12_holds _ _ _ _ _ _ _ _ _ _ H (fun _ => 1)) as (p1 & p2 & D & a & _ & S & _).
  exists m, T, tau, low, high, eps, e_pos, e_sig, e_aux,
    (fun u => block_output m d (fun _ => 1) (fun z => z) p2 (block_output m d (fun _ => 1) (fun z => z) p1 u)), D, a. exact S.
Qed.

Theorem lem_K_14_holds : lem_K_14.
Proof.
  intros m T tau low high eps e_pos e_sig e_aux G D a ((PD & Pa & H) & He & Hs & Hsp & Hsa) u b delta z.
  set (u' := fun t k => u t k + b t * e_sig k). destruct (H u) as (Y & _ & _ & B). destruct (H u') as (Y' & _).
  assert (Ez : forall t, inner m (u' t) e_pos = z t) by (intros; unfold u'; rewrite inner_plus, Hsp; unfold z; ring).
  split.
  - intros i c Hc. rewrite Y', Y by easy. rewrite (PD (fun t => inner m (u' t) e_pos) z), (Pa (fun t => inner m (u' t) e_pos) z) by (intros; apply Ez).
    unfold u'. rewrite !inner_plus, Hs, Hsa. unfold z. ring.
  - intros P i Hi Hb. destruct (B P) as [B1 B2]. fold z in B1, B2.
    assert (A : Rabs (D z i) <= 2).
    { destruct (Nat.eq_dec i tau) as [->|Hne]; [apply Rabs_le; lra|]. specialize (B2 i Hi Hne). lra. }
    rewrite Rabs_mult. pose proof (Rabs_pos (D z i)). pose proof (Rabs_pos (b i)). nra.
Qed.

(** The selector of Lemma K.12. *)
Theorem lem_K_14_instance : exists m T tau low high eps e_pos e_sig e_aux G D a,
  lem_K_14_hypotheses m T tau low high eps e_pos e_sig e_aux G D a.
Proof.
  destruct lem_K_12_instance as (m & d & T & tau & low & high & eps & e_pos & e_sig & e_aux & H).
  destruct (lem_K_12_holds _ _ _ _ _ _ _ _ _ _ H (fun _ => 1)) as (p1 & p2 & D & a & _ & S & _).
  exists m, T, tau, low, high, eps, e_pos, e_sig, e_aux,
    (fun u => block_output m d (fun _ => 1) (fun z => z) p2 (block_output m d (fun _ => 1) (fun z => z) p1 u)), D, a.
  destruct H as (_ & _ & _ & _ & He & Hs & _ & Hps & _ & Has). split; [exact S|].
  split; [easy|]. split; [easy|]. split; rewrite inner_sym; easy.
Qed.
