(** GELU units: the ReLU, the identity and windows made of them (I.15, K.3 to K.6). *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Interval Require Import Tactic.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Euclid Normal Blocks Positions.
Open Scope R_scope.

(** * The Mills bound and the distance from the ReLU *)

(** phi(v)/v - (1 - Phi(v)) falls, since its derivative is -phi(v)/v^2, and tends to 0: so it is positive. *)
Lemma Mills (v : R) : 0 < v -> v * (1 - Phi v) <= phi v.
Proof.
  intros Hv. set (g := fun x => phi x / x - (1 - Phi x)).
  assert (Falls : forall x y, 0 < x <= y -> g y <= g x).
  { intros x y [Hx Hxy]. apply Ropp_le_cancel. apply (rises (fun z => - g z) (fun z => phi z / z ^ 2)); [easy | |].
    - intros z Hz. unfold g. auto_derive.
      + split; [eexists; apply is_derive_phi|]. split; [lra|]. split; [eexists; apply is_derive_Phi | easy].
      + rewrite (is_derive_unique (fun x : R => phi x) _ _ (is_derive_phi z)), (is_derive_unique (fun x : R => Phi x) _ _ (is_derive_Phi z)). field. lra.
    - intros z Hz. left. apply Rdiv_lt_0_compat; [apply phi_pos | apply pow_lt; lra]. }
  assert (Nonneg : 0 <= g v).
  { destruct (Rle_dec 0 (g v)) as [H|H]; [easy|]. exfalso. apply Rnot_le_lt in H.
    (* far out g is at least -2 exp(-x^2/2) >= -4/x, which is above g v *)
    set (x := Rmax v (8 / - g v)). assert (Hx : 0 < x /\ v <= x) by (pose proof (Rmax_l v (8 / - g v)); unfold x; lra).
    assert (Hx8 : 8 / - g v <= x) by apply Rmax_r. apply Rle_div_l in Hx8; [|lra].
    pose proof (Falls v x ltac:(lra)) as F. destruct (Phi_near_1 x) as [L U]; [lra|].
    pose proof (exp_below_inverse x (proj1 Hx)) as E. pose proof (phi_pos x).
    assert (0 < phi x / x) by (apply Rdiv_lt_0_compat; lra). unfold g at 1 in F.
    assert (- (4 / x) <= g v) by lra. assert (4 / x <= - g v / 2); [|lra].
    apply Rle_div_l; lra. }
  unfold g in Nonneg. apply Rmult_le_reg_r with (/ v); [now apply Rinv_0_lt_compat|].
  replace (v * (1 - Phi v) * / v) with (1 - Phi v) by (field; lra). unfold Rdiv in Nonneg. lra.
Qed.

Lemma scaled_GELU_eq (L u : R) : L <> 0 -> scaled_GELU L u = u * Phi (L * u).
Proof. intros H. unfold scaled_GELU, GELU. field. easy. Qed.

(** The distance from the ReLU is |u| (1 - Phi(L |u|)) on both sides. *)
Lemma distance_from_ReLU (L u : R) : 0 < L ->
  Rabs (scaled_GELU L u - Rmax u 0) = (L * Rabs u) * (1 - Phi (L * Rabs u)) / L.
Proof.
  intros H. rewrite scaled_GELU_eq by lra.
  assert (T : forall x, Phi x <= 1).
  { intros x. destruct (Rle_dec 0 x) as [P|P]; [now apply Phi_near_1|]. destruct (Phi_near_half (- x)) as [B _]; [lra|].
    rewrite Phi_opp in B. lra. }
  destruct (Rle_dec 0 u) as [P|P].
  - rewrite Rmax_left, (Rabs_pos_eq u) by lra. replace (u * Phi (L * u) - u) with (- (u * (1 - Phi (L * u)))) by ring.
    rewrite Rabs_Ropp, Rabs_pos_eq by (specialize (T (L * u)); nra). field. lra.
  - rewrite Rmax_right, (Rabs_left u) by lra. rewrite Rminus_0_r.
    replace (Phi (L * u)) with (1 - Phi (L * - u)) by (rewrite <- Phi_opp; f_equal; ring).
    rewrite Rabs_left1 by (specialize (T (L * - u)); nra). field. lra.
Qed.

Theorem lem_K_3_holds : lem_K_3.
Proof.
  intros L u H. red in H. rewrite distance_from_ReLU by easy.
  replace (1 / (L * sqrt (2 * PI))) with (phi 0 / L) by (rewrite phi_0; field; pose proof sqrt_2PI_pos; lra).
  apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|].
  destruct (Req_dec u 0) as [->|Hu]; [rewrite Rabs_R0, Rmult_0_r; pose proof (phi_pos 0); lra|].
  apply Rle_trans with (phi (L * Rabs u)); [|apply phi_le_0].
  apply Mills, Rmult_lt_0_compat; [easy | now apply Rabs_pos_lt].
Qed.

Theorem lem_K_3_instance : exists L, lem_K_3_hypotheses L.
Proof. exists 8. unfold lem_K_3_hypotheses. lra. Qed.

(** * The best constant: v (1 - Phi(v)) is concave up to sqrt 2 and its tangent at .7518 is almost flat *)

Lemma Phi_at_top : 2260855 / 10000000 <= 1 - Phi (7518 / 10000) <= 2260859 / 10000000.
Proof. unfold Phi, phi. split; integral. Qed.

Lemma phi_at_top : 3007305 / 10000000 <= phi (7518 / 10000) <= 3007309 / 10000000.
Proof. unfold phi. split; interval. Qed.

Lemma slope_falls (x y : R) : 0 <= x <= y -> y <= 141 / 100 -> 1 - Phi y - y * phi y <= 1 - Phi x - x * phi x.
Proof.
  intros Hx Hy. apply Ropp_le_cancel.
  apply (rises (fun z => - (1 - Phi z - z * phi z)) (fun z => phi z * (2 - z ^ 2))); [lra | |].
  - intros z _. auto_derive.
    + split; [eexists; apply is_derive_Phi|]. split; [eexists; apply is_derive_phi | easy].
    + rewrite (is_derive_unique (fun x : R => phi x) _ _ (is_derive_phi z)), (is_derive_unique (fun x : R => Phi x) _ _ (is_derive_Phi z)). ring.
  - intros z Hz. apply Rmult_le_pos; [left; apply phi_pos | nra].
Qed.

Lemma is_derive_tail (z : R) : is_derive (fun x => x * (1 - Phi x)) z (1 - Phi z - z * phi z).
Proof.
  auto_derive; [eexists; apply is_derive_Phi|].
  rewrite (is_derive_unique (fun x : R => Phi x) _ _ (is_derive_Phi z)). ring.
Qed.

Lemma tail_bound (v : R) : 0 <= v -> v * (1 - Phi v) <= 16998 / 100000.
Proof.
  intros Hv. pose proof Phi_at_top as P. pose proof phi_at_top as D.
  destruct (Rle_dec v (141 / 100)) as [H|H].
  - (* below the tangent at v0 *)
    set (v0 := 7518 / 10000) in *. set (s := 1 - Phi v0 - v0 * phi v0).
    assert (S : Rabs s <= 5 / 1000000) by (unfold s, v0 in *; apply Rabs_le; lra).
    assert (T : v * (1 - Phi v) <= v0 * (1 - Phi v0) + s * (v - v0)).
    { set (h := fun x => v0 * (1 - Phi v0) + s * (x - v0) - x * (1 - Phi x)).
      assert (Dh : forall z, is_derive h z (s - (1 - Phi z - z * phi z))).
      { intros z. unfold h. use is_derive_minus; [auto_derive; [easy | ring] | apply is_derive_tail]. }
      enough (h v0 <= h v) by (unfold h in *; lra).
      destruct (Rle_dec v0 v) as [O|O].
      - apply rises with (fun z => s - (1 - Phi z - z * phi z)); [easy | intros; apply Dh|].
        intros z Hz. pose proof (slope_falls v0 z). unfold s, v0 in *. lra.
      - apply Ropp_le_cancel. apply (rises (fun z => - h z) (fun z => - (s - (1 - Phi z - z * phi z)))); [lra | |].
        + intros z _. use is_derive_opp. apply Dh.
        + intros z Hz. pose proof (slope_falls z v0). unfold s, v0 in *. lra. }
    apply Rle_trans with (1 := T). apply Rabs_le_between in S. unfold v0 in *. nra.
  - (* beyond: at most phi(1.41) *)
    apply Rle_trans with (phi v); [apply Mills; lra|]. apply Rle_trans with (phi (141 / 100)); [|unfold phi; interval].
    unfold phi, Rdiv. apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat, sqrt_2PI_pos|].
    left. apply exp_increasing. nra.
Qed.

Theorem ours_K_3_best_constant_holds : ours_K_3_best_constant.
Proof.
  intros L H. pose proof (Rinv_0_lt_compat L H). split.
  - intros u. rewrite distance_from_ReLU by easy. apply Rmult_le_compat_r; [lra|].
    apply tail_bound. apply Rmult_le_pos; [lra | apply Rabs_pos].
  - exists (7518 / 10000 / L). rewrite distance_from_ReLU by easy. apply Rmult_le_compat_r; [lra|].
    rewrite Rabs_pos_eq by (apply Rmult_le_pos; lra).
    replace (L * (7518 / 10000 / L)) with (7518 / 10000) by (field; lra). pose proof Phi_at_top. lra.
Qed.

(** * The identity *)

Theorem lem_K_4_holds : lem_K_4.
Proof.
  assert (A : forall (sigma : R -> R) L x, L <> 0 -> (forall y, sigma y + sigma (- y) = 1) ->
    (L * x) * sigma (L * x) / L - (L * - x) * sigma (L * - x) / L = x).
  { intros sigma L x H E. replace (L * - x) with (- (L * x)) by ring.
    replace (sigma (- (L * x))) with (1 - sigma (L * x)) by (specialize (E (L * x)); lra). field. easy. }
  split; [exact A|]. intros L x H.
  assert (E : scaled_GELU L x - scaled_GELU L (- x) = x).
  { apply (A Phi); [lra|]. intros y. rewrite Phi_opp. ring. }
  split; [exact E|]. rewrite E. replace (x - x) with 0 by ring. rewrite Rabs_R0.
  left. apply Rdiv_lt_0_compat; [lra|]. apply Rmult_lt_0_compat; [easy | apply sqrt_2PI_pos].
Qed.

Theorem cor_K_5_holds : cor_K_5.
Proof.
  intros m p e L plus minus (H & HW & Hp & Hm) u t. unfold activation. rewrite Hp, Hm, !Rplus_0_r.
  assert (P : row_times m (u t) (W_a p) plus = L * inner m (u t) e).
  { unfold row_times, inner. rewrite <- sum_scal. apply sum_ext. intros i Hi. rewrite (proj1 (HW i Hi)). ring. }
  assert (M : row_times m (u t) (W_a p) minus = L * - inner m (u t) e).
  { unfold row_times, inner. rewrite <- sum_opp, <- sum_scal. apply sum_ext. intros i Hi. rewrite (proj2 (HW i Hi)). ring. }
  rewrite P, M. destruct lem_K_4_holds as [_ E]. destruct (E L (inner m (u t) e) H) as [E1 _].
  unfold scaled_GELU in E1. rewrite <- E1 at 3. field. lra.
Qed.

Theorem cor_K_5_instance : exists m p e L plus minus, cor_K_5_hypotheses m p e L plus minus.
Proof.
  exists 3%nat, {| W_a := fun i j => (if Nat.eqb j 0 then 2 else - 2) * INR (S i); b_a := fun _ => 0; W_g := fun _ _ => 1; b_g := fun _ => 1;
    W_Qf := fun _ _ => 1; W_Kf := fun _ _ => 1; W_Qb := fun _ _ => 1; W_Kb := fun _ _ => 1; W_V := fun _ _ => 1;
    w_gamma := fun _ => 1; b_gamma := 1; W_out := fun _ _ => 1; b_out := fun _ => 1 |}, (fun i => INR (S i)), 2, O, 1%nat.
  unfold cor_K_5_hypotheses. cbn [W_a b_a Nat.eqb]. repeat split; lra.
Qed.

(** * The window *)

(** The piecewise linear window is within [0, 1], is 1 in the middle and 0 outside. *)
Definition trapezium (a a' b b' x : R) : R :=
  (Rmax (x - a) 0 - Rmax (x - a') 0) / (a' - a) - (Rmax (x - b) 0 - Rmax (x - b') 0) / (b' - b).

Lemma ramp_of_ReLU (a a' x : R) : a < a' ->
  let r := (Rmax (x - a) 0 - Rmax (x - a') 0) / (a' - a) in 0 <= r <= 1 /\ (a' <= x -> r = 1) /\ (x <= a -> r = 0).
Proof.
  intros H r. unfold r. split; [split|split].
  - apply Rmult_le_pos; [|left; apply Rinv_0_lt_compat; lra]. unfold Rmax. destruct (Rle_dec (x - a) 0), (Rle_dec (x - a') 0); lra.
  - apply Rle_div_l; [lra|]. unfold Rmax. destruct (Rle_dec (x - a) 0), (Rle_dec (x - a') 0); lra.
  - intros Hx. rewrite !Rmax_left by lra. field. lra.
  - intros Hx. rewrite !Rmax_right by lra. unfold Rdiv. ring.
Qed.

Lemma window_near_trapezium (L a a' b b' x : R) : 0 < L -> a < a' -> b < b' ->
  Rabs (window L a a' b b' x - trapezium a a' b b' x) <= 2 * (16998 / 100000) / L * (1 / (a' - a) + 1 / (b' - b)).
Proof.
  intros H Ha Hb. set (c := 16998 / 100000 / L).
  assert (E : forall u, Rabs (scaled_GELU L u - Rmax u 0) <= c) by (intros; now apply ours_K_3_best_constant_holds).
  pose proof (E (x - a)) as E1. pose proof (E (x - a')) as E2. pose proof (E (x - b)) as E3. pose proof (E (x - b')) as E4.
  apply Rabs_le_between in E1, E2, E3, E4. unfold window, trapezium.
  pose proof (Rinv_0_lt_compat (a' - a) ltac:(lra)). pose proof (Rinv_0_lt_compat (b' - b) ltac:(lra)).
  set (p := / (a' - a)) in *. set (q := / (b' - b)) in *. unfold Rdiv at 1 2 3 4. fold p q.
  replace (2 * (16998 / 100000) / L * (1 / (a' - a) + 1 / (b' - b))) with (2 * c * p + 2 * c * q)
    by (unfold c, p, q; field; lra).
  set (e1 := scaled_GELU L (x - a)) in *. set (e2 := scaled_GELU L (x - a')) in *.
  set (e3 := scaled_GELU L (x - b)) in *. set (e4 := scaled_GELU L (x - b')) in *.
  replace ((e1 - e2) * p - (e3 - e4) * q - ((Rmax (x - a) 0 - Rmax (x - a') 0) * p - (Rmax (x - b) 0 - Rmax (x - b') 0) * q))
    with ((e1 - Rmax (x - a) 0 - (e2 - Rmax (x - a') 0)) * p - (e3 - Rmax (x - b) 0 - (e4 - Rmax (x - b') 0)) * q) by ring.
  apply Rabs_le. split; nra.
Qed.

Theorem ours_window_error_holds : ours_window_error.
Proof.
  intros L a a' b b' eta (HL & (Ha & Hab) & Hb & HE & He).
  assert (N : forall x, Rabs (window L a a' b b' x - trapezium a a' b b' x) <= eta).
  { intros x. eapply Rle_trans; [apply window_near_trapezium; easy|].
    replace (2 * (16998 / 100000) / eta * (1 / (a' - a) + 1 / (b' - b)))
      with (2 * (16998 / 100000) / L * (1 / (a' - a) + 1 / (b' - b)) * (L / eta)) in HE by (field; lra).
    apply Rmult_le_reg_r with (L / eta); [apply Rdiv_lt_0_compat; easy|].
    replace (eta * (L / eta)) with L by (field; lra). exact HE. }
  split; [|split]; intros x; [intros Hx | intros Hx | ]; specialize (N x).
  - destruct (ramp_of_ReLU a a' x Ha) as (_ & A1 & _), (ramp_of_ReLU b b' x Hb) as (_ & _ & B0).
    unfold trapezium in N. rewrite A1, B0 in N by lra. now rewrite Rminus_0_r in N.
  - assert (Z : trapezium a a' b b' x = 0).
    { destruct (ramp_of_ReLU a a' x Ha) as (_ & A1 & A0), (ramp_of_ReLU b b' x Hb) as (_ & B1 & B0). unfold trapezium.
      destruct Hx; [rewrite A0, B0 by lra | rewrite A1, B1 by lra]; ring. }
    rewrite Z in N. now rewrite Rminus_0_r in N.
  - assert (B : 0 <= trapezium a a' b b' x <= 1).
    { destruct (ramp_of_ReLU a a' x Ha) as (Ra & A1 & A0), (ramp_of_ReLU b b' x Hb) as (Rb & B1 & B0). unfold trapezium.
      destruct (Rle_dec a' x) as [O|O]; [rewrite A1 by easy; lra | rewrite B0 by lra; lra]. }
    apply Rabs_le_between in N. apply Rabs_le. lra.
Qed.

Theorem ours_window_error_instance : exists L a a' b b' eta, ours_window_error_hypotheses L a a' b b' eta.
Proof. exists 16, 1, 2, 3, 4, (1 / 10). unfold ours_window_error_hypotheses. repeat split; lra. Qed.

(** The four corners lie in the gaps beside the interval, a third of the way in. *)
Theorem lem_K_6_holds : lem_K_6.
Proof.
  intros T tau low high eta (O & Ht & He). destruct (O) as (O0 & Ol & On).
  set (before := match tau with 0%nat => low 0%nat - 1 | S k => high k end).
  set (after := if Nat.ltb tau T then low (S tau) else high tau + 1).
  assert (Hl : low tau <= high tau) by (apply Ol; lia).
  assert (Hb : before < low tau).
  { unfold before. destruct tau as [|k]; [lra|]. apply On. lia. }
  assert (Ha : high tau < after).
  { unfold after. destruct (Nat.ltb_spec tau T); [apply On; lia | lra]. }
  set (a := (2 * before + low tau) / 3). set (a' := (before + 2 * low tau) / 3).
  set (b := (2 * high tau + after) / 3). set (b' := (high tau + 2 * after) / 3).
  set (L := 2 * (16998 / 100000) / eta * (1 / (a' - a) + 1 / (b' - b))).
  assert (Pa : 0 < 1 / (a' - a)) by (apply Rdiv_lt_0_compat; unfold a, a'; lra).
  assert (Pb : 0 < 1 / (b' - b)) by (apply Rdiv_lt_0_compat; unfold b, b'; lra).
  assert (PL : 0 < L) by (apply Rmult_lt_0_compat; [apply Rdiv_lt_0_compat; lra | lra]).
  destruct (ours_window_error_holds L a a' b b' eta) as (W1 & W0 & W).
  { unfold ours_window_error_hypotheses. repeat split; try easy; try (unfold a, a', b, b'; lra). unfold L. lra. }
  exists a, a', b, b', L. split; [unfold a, a'; lra|]. split; [unfold b, b'; lra|]. split; [exact PL|]. split; [|split; [|split; [exact W|]]].
  - intros x Hx. apply W1. unfold a', b. lra.
  - intros t x Htt Hne Hx. apply W0. destruct (Nat.lt_ge_cases t tau) as [Lt|Ge].
    + left. enough (high t <= before) by (unfold a; lra). unfold before. destruct tau as [|k]; [lia|].
      destruct (Nat.eq_dec t k) as [->|]; [lra|].
      pose proof (intervals_sorted (S T) low high t k O ltac:(lia)). specialize (Ol k ltac:(lia)). lra.
    + right. enough (after <= low t) by (unfold b'; lra). unfold after. destruct (Nat.ltb_spec tau T); [|lia].
      destruct (Nat.eq_dec t (S tau)) as [->|]; [lra|].
      pose proof (intervals_sorted (S T) low high (S tau) t O ltac:(lia)). specialize (Ol (S tau) ltac:(lia)). lra.
  - (* the four a-slots L (z - a), L (z - a'), L (z - b), L (z - b') *)
    intros m e _. assert (Ha' : a < a') by (unfold a, a'; lra). assert (Hb' : b < b') by (unfold b, b'; lra).
    exists {| W_a := fun i _ => L * e i; b_a := fun k => - L * match k with 0%nat => a | 1%nat => a' | 2%nat => b | _ => b' end;
      W_g := fun _ _ => 0; b_g := fun _ => 0; W_Qf := fun _ _ => 0; W_Kf := fun _ _ => 0; W_Qb := fun _ _ => 0; W_Kb := fun _ _ => 0;
      W_V := fun _ _ => 0; w_gamma := fun _ => 0; b_gamma := 0; W_out := fun _ _ => 0; b_out := fun _ => 0 |},
      (fun k => match k with 0%nat => 1 | 1%nat => - (1) | 2%nat => - (a' - a) / (b' - b) | _ => (a' - a) / (b' - b) end / (L * (a' - a))).
    intros u t. assert (Read : forall k, row_times m (u t) (fun i _ => L * e i) k = L * inner m (u t) e).
    { intros k. unfold row_times, inner. rewrite <- sum_scal. apply sum_ext. intros; ring. }
    unfold activation, window, scaled_GELU. cbn [sum W_a b_a]. rewrite !Read. set (z := inner m (u t) e).
    clear - PL Ha' Hb'. clearbody L a a' b b' z.
    replace (L * z + - L * a) with (L * (z - a)) by ring. replace (L * z + - L * a') with (L * (z - a')) by ring.
    replace (L * z + - L * b) with (L * (z - b)) by ring. replace (L * z + - L * b') with (L * (z - b')) by ring.
    field. repeat split; lra.
Qed.

Theorem lem_K_6_instance : exists T tau low high eta, lem_K_6_hypotheses T tau low high eta.
Proof.
  exists 3%nat, 1%nat, (fun t => INR t + 1), (fun t => INR t + 3 / 2), (1 / 10).
  split; [|split; [lia | lra]]. split; [simpl; lra|]. split; intros t Ht; [lra | rewrite S_INR; lra].
Qed.

(** * Small signals *)

Theorem ours_I_15_holds : ours_I_15.
Proof.
  intros eps u He.
  replace (2 / eps * GELU (eps * u) - u) with (2 * u * (Phi (eps * u) - 1 / 2)) by (unfold GELU; field; lra).
  assert (B : Rabs (Phi (eps * u) - 1 / 2) <= eps * Rabs u * phi 0).
  { destruct (Rle_dec 0 u) as [P|P].
    - rewrite (Rabs_pos_eq u) by easy. destruct (Phi_near_half (eps * u)); [nra|]. rewrite Rabs_pos_eq; lra.
    - rewrite (Rabs_left u) by lra. destruct (Phi_near_half (eps * - u)) as [L U]; [nra|].
      replace (Phi (eps * u) - 1 / 2) with (- (Phi (eps * - u) - 1 / 2))
        by (replace (eps * u) with (- (eps * - u)) by ring; rewrite Phi_opp; lra).
      rewrite Rabs_Ropp, Rabs_pos_eq; lra. }
  assert (S : sqrt (2 / PI) = 2 * phi 0).
  { pose proof PI_RGT_0. pose proof (phi_pos 0). apply sqrt_lem_1; [left; apply Rdiv_lt_0_compat; lra | lra|].
    rewrite phi_0. replace (2 * / sqrt (2 * PI) * (2 * / sqrt (2 * PI))) with (4 * / (sqrt (2 * PI) * sqrt (2 * PI))).
    - rewrite sqrt_sqrt by lra. field. lra.
    - field. pose proof sqrt_2PI_pos. lra. }
  rewrite S, !Rabs_mult, (Rabs_pos_eq 2) by lra. rewrite <- (pow2_abs u).
  pose proof (Rabs_pos u). replace (2 * phi 0 * eps * Rabs u ^ 2) with (2 * Rabs u * (eps * Rabs u * phi 0)) by ring.
  apply Rmult_le_compat_l; [lra | easy].
Qed.

Theorem lem_I_15_holds : lem_I_15.
Proof.
  intros m Rad eta [HR He]. set (c := sqrt (INR m) * (sqrt (2 / PI) * Rad ^ 2)).
  assert (Hc : 0 <= c).
  { apply Rmult_le_pos; [apply sqrt_pos|]. apply Rmult_le_pos; [apply sqrt_pos | apply pow2_ge_0]. }
  exists (eta / (c + 1)). split; [apply Rdiv_lt_0_compat; lra|].
  intros eps z [Hp Hs] Hz. apply Rle_trans with (sqrt (INR m) * (sqrt (2 / PI) * eps * Rad ^ 2)).
  - apply norm2_bounded. intros i Hi. eapply Rle_trans; [now apply ours_I_15_holds|].
    apply Rmult_le_compat_l; [apply Rmult_le_pos; [apply sqrt_pos | lra]|].
    rewrite <- pow2_abs. apply pow_incr. split; [apply Rabs_pos|]. eapply Rle_trans; [apply coordinate_le, Hi | easy].
  - replace (sqrt (INR m) * (sqrt (2 / PI) * eps * Rad ^ 2)) with (eps * c) by (unfold c; ring).
    apply Rle_trans with (eta / (c + 1) * c); [apply Rmult_le_compat_r; easy|].
    apply Rmult_le_reg_r with (c + 1); [lra|]. replace (eta / (c + 1) * c * (c + 1)) with (eta * c) by (field; lra). nra.
Qed.

Theorem lem_I_15_instance : exists Rad eta, lem_I_15_hypotheses Rad eta.
Proof. exists 2, (1 / 100). unfold lem_I_15_hypotheses. lra. Qed.
