(** A sequence that satisfies a linear recurrence and tends to 0 does so exponentially. *)

From Coq Require Import Reals Lra Lia PeanoNat Classical FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors.
Open Scope R_scope.

(** ** d + 1 vectors with d coordinates are linearly dependent *)

Definition skip (k0 k : nat) : nat := if Nat.ltb k k0 then k else S k.

Lemma msum_skip f n k0 : (k0 <= n)%nat -> sum f (S n) = f k0 + sum (fun k => f (skip k0 k)) n.
Proof.
  revert k0. induction n as [|n IH]; intros k0 Hk.
  - replace k0 with 0%nat by lia. simpl; lra.
  - change (sum f (S (S n))) with (sum f (S n) + f (S n)).
    change (sum (fun k => f (skip k0 k)) (S n)) with (sum (fun k => f (skip k0 k)) n + f (skip k0 n)).
    destruct (Nat.eq_dec k0 (S n)) as [->|Hne].
    + rewrite (sum_ext (fun k => f (skip (S n) k)) f n).
      * unfold skip. destruct (Nat.ltb_spec n (S n)); [|lia]. cbn [sum]. ring.
      * intros i Hi. unfold skip. destruct (Nat.ltb_spec i (S n)); [easy|lia].
    + rewrite (IH k0) by lia. unfold skip at 3. destruct (Nat.ltb_spec n k0); [lia|]. ring.
Qed.

Lemma dependent d : forall v : nat -> nat -> R,
  exists c, (exists k, (k <= d)%nat /\ c k <> 0) /\ forall i, (i < d)%nat -> sum (fun k => c k * v k i) (S d) = 0.
Proof.
  induction d as [|d IH]; intros v.
  - exists (fun _ => 1). split; [exists 0%nat; split; [lia|lra] | intros; lia].
  - destruct (classic (exists k0, (k0 <= S d)%nat /\ v k0 d <> 0)) as [[k0 [Hk0 Hv]]|None].
    + (* subtract multiples of the vector k0, so that coordinate d of the others vanishes *)
      destruct (IH (fun k i => v (skip k0 k) i - v (skip k0 k) d / v k0 d * v k0 i)) as (c & (k1 & Hk1 & Hc) & Hsum).
      set (c0 := - sum (fun k => c k * (v (skip k0 k) d / v k0 d)) (S d)).
      exists (fun k => if Nat.eqb k k0 then c0 else c (if Nat.ltb k k0 then k else (k - 1)%nat)).
      assert (Skip : forall k, (if Nat.eqb (skip k0 k) k0 then c0 else c (if Nat.ltb (skip k0 k) k0 then skip k0 k else (skip k0 k - 1)%nat)) = c k).
      { intros k. unfold skip. destruct (Nat.ltb_spec k k0).
        - destruct (Nat.eqb_spec k k0); [lia|]. destruct (Nat.ltb_spec k k0); [easy|lia].
        - destruct (Nat.eqb_spec (S k) k0); [lia|]. destruct (Nat.ltb_spec (S k) k0); [lia|]. f_equal; lia. }
      split.
      * exists (skip k0 k1). split; [unfold skip; destruct (Nat.ltb k1 k0); lia | now rewrite Skip].
      * intros i Hi. rewrite (msum_skip _ (S d) k0) by easy. rewrite Nat.eqb_refl.
        rewrite (sum_ext (fun k => _ * v (skip k0 k) i)
          (fun k => c k * (v (skip k0 k) i - v (skip k0 k) d / v k0 d * v k0 i) + c k * (v (skip k0 k) d / v k0 d) * v k0 i)).
        -- rewrite sum_plus, sum_scal_r. fold c0. destruct (Nat.eq_dec i d) as [->|Hid].
           ++ rewrite (sum_all_zero (fun k => c k * (v (skip k0 k) d - v (skip k0 k) d / v k0 d * v k0 d))) by (intros; field; easy).
              unfold c0. ring.
           ++ rewrite Hsum by lia. unfold c0. ring.
        -- intros k _. rewrite Skip. ring.
    + (* coordinate d of all vanishes *)
      destruct (IH v) as (c & (k1 & Hk1 & Hc) & Hsum).
      exists (fun k => if Nat.leb k d then c k else 0). split.
      * exists k1. split; [lia|]. destruct (Nat.leb_spec k1 d); [easy|lia].
      * intros i Hi. change (sum ?f (S (S d))) with (sum f (S d) + f (S d)). cbv beta.
        destruct (Nat.leb_spec (S d) d); [lia|].
        rewrite (sum_ext _ (fun k => c k * v k i)) by (intros k Hk; destruct (Nat.leb_spec k d); [easy|lia]).
        destruct (Nat.eq_dec i d) as [->|Hid]; [|rewrite Hsum by lia; ring].
        rewrite sum_all_zero; [ring|]. intros k Hk. destruct (Req_dec (v k d) 0) as [->|Hv]; [ring|].
        exfalso. apply None. exists k. split; [lia|easy].
Qed.

(** ** Functionals that are dual to independent sequences *)

Section Vanishing.
Variable g : nat -> R.
Hypothesis g_vanishes : forall eps, 0 < eps -> exists L0, forall L, (L0 <= L)%nat -> Rabs (g L) <= eps.

(** Linear on finite sums, and small on late shifts of g. *)
Definition functional (phi : (nat -> R) -> R) : Prop :=
  (forall m b w, phi (fun n => sum (fun k => b k * w k n) m) = sum (fun k => b k * phi (w k)) m)
  /\ forall eps, 0 < eps -> exists L0, forall L, (L0 <= L)%nat -> Rabs (phi (fun n => g (L + n)%nat)) <= eps.

Lemma functional_eval n0 : functional (fun w => w n0).
Proof.
  split; [easy|]. intros eps He. destruct (g_vanishes eps He) as [L0 H]. exists L0. intros L HL. apply H. lia.
Qed.

Lemma functional_combine phi psi a : functional phi -> functional psi -> functional (fun w => phi w + a * psi w).
Proof.
  intros [L1 S1] [L2 S2]. split.
  - intros m b w. rewrite L1, L2, <- sum_scal, <- sum_plus. apply sum_ext; intros; ring.
  - intros eps He. destruct (S1 (eps / 2) ltac:(lra)) as [A HA].
    assert (P : 0 < Rabs a + 1) by (pose proof (Rabs_pos a); lra).
    destruct (S2 (eps / 2 / (Rabs a + 1)) ltac:(apply Rdiv_lt_0_compat; lra)) as [B HB].
    exists (A + B)%nat. intros L HL. specialize (HA L ltac:(lia)). specialize (HB L ltac:(lia)).
    eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_mult.
    assert (Rabs a * Rabs (psi (fun n => g (L + n)%nat)) <= (Rabs a + 1) * (eps / 2 / (Rabs a + 1))).
    { apply Rmult_le_compat; try apply Rabs_pos; lra. }
    replace ((Rabs a + 1) * (eps / 2 / (Rabs a + 1))) with (eps / 2) in H by (field; lra). lra.
Qed.

Lemma functional_zero : functional (fun _ => 0).
Proof.
  split; [intros; symmetry; apply sum_all_zero; intros; ring|]. intros eps He. exists 0%nat. intros. rewrite Rabs_R0; lra.
Qed.

Lemma functional_sum phi a m : (forall j, (j < m)%nat -> functional (phi j)) -> functional (fun w => sum (fun j => a j * phi j w) m).
Proof.
  induction m as [|m IH]; intros H; simpl; [apply functional_zero|].
  apply (functional_combine (fun w => sum (fun j => a j * phi j w) m) (phi m) (a m)); [apply IH; intros; apply H; lia | apply H; lia].
Qed.

Definition independent (w : nat -> nat -> R) (m : nat) : Prop :=
  forall b, (forall n, sum (fun k => b k * w k n) m = 0) -> forall k, (k < m)%nat -> b k = 0.

Lemma dual w m : independent w m ->
  exists phi : nat -> (nat -> R) -> R, forall j, (j < m)%nat -> functional (phi j)
  /\ forall k, (k < m)%nat -> phi j (w k) = if Nat.eqb k j then 1 else 0.
Proof.
  induction m as [|m IH]; intros Ind; [exists (fun _ _ => 0); intros; lia|].
  destruct IH as [phi Hphi].
  { intros b Hb k Hk. specialize (Ind (fun i => if Nat.eqb i m then 0 else b i)).
    assert (E : (if Nat.eqb k m then 0 else b k) = 0); [|now destruct (Nat.eqb_spec k m); [lia|]].
    apply Ind; [|lia]. intros n. cbn [sum]. rewrite Nat.eqb_refl, Rmult_0_l, Rplus_0_r, <- (Hb n).
    apply sum_ext. intros i Hi. now destruct (Nat.eqb_spec i m); [lia|]. }
  (* what the first m leave of the last sequence is not zero somewhere *)
  set (h := fun n => w m n - sum (fun j => phi j (w m) * w j n) m).
  destruct (classic (exists n0, h n0 <> 0)) as [[n0 Hn0]|None].
  2: { exfalso. assert (E : (fun i => if Nat.eqb i m then 1 else - phi i (w m)) m = 0).
       { apply (Ind (fun i => if Nat.eqb i m then 1 else - phi i (w m))); [|lia]. intros n. cbn [sum]. rewrite Nat.eqb_refl.
         rewrite (sum_ext _ (fun i => -1 * (phi i (w m) * w i n))).
         - rewrite sum_scal. destruct (Req_dec (h n) 0) as [E|E]; [unfold h in E; lra|]. exfalso. apply None. now exists n.
         - intros i Hi. destruct (Nat.eqb_spec i m); [lia|ring]. }
       cbv beta in E. rewrite Nat.eqb_refl in E. lra. }
  set (psi := fun v : nat -> R => 0 + / h n0 * (v n0 + -1 * sum (fun j => w j n0 * phi j v) m)).
  assert (Fpsi : functional psi).
  { apply (functional_combine (fun _ => 0) (fun v => v n0 + -1 * sum (fun j => w j n0 * phi j v) m)); [apply functional_zero|].
    apply (functional_combine (fun v => v n0) (fun v => sum (fun j => w j n0 * phi j v) m)); [apply functional_eval|].
    apply functional_sum. intros j Hj. now apply Hphi. }
  assert (Psi_old : forall k, (k < m)%nat -> psi (w k) = 0).
  { intros k Hk. unfold psi. rewrite (sum_remove _ m k Hk).
    rewrite (proj2 (Hphi k Hk) k Hk), Nat.eqb_refl, sum_all_zero; [ring|].
    intros j Hj. destruct (Nat.eqb_spec j k); [easy|]. rewrite (proj2 (Hphi j Hj) k Hk). destruct (Nat.eqb_spec k j); [lia|ring]. }
  assert (Psi_new : psi (w m) = 1).
  { unfold psi. replace (w m n0 + -1 * sum (fun j => w j n0 * phi j (w m)) m) with (h n0); [field; easy|].
    unfold h. rewrite (sum_ext (fun j => w j n0 * phi j (w m)) (fun j => phi j (w m) * w j n0)) by (intros; ring). ring. }
  exists (fun j => if Nat.eqb j m then psi else fun v => phi j v + (- phi j (w m)) * psi v).
  intros j Hj. destruct (Nat.eqb_spec j m) as [->|Hne].
  - split; [exact Fpsi|]. intros k Hk. destruct (Nat.eqb_spec k m) as [->|Hkm]; [exact Psi_new | apply Psi_old; lia].
  - destruct (Hphi j ltac:(lia)) as [Fj Dj]. split; [now apply functional_combine|]. intros k Hk.
    destruct (Nat.eq_dec k m) as [->|Hkm].
    + rewrite Psi_new. destruct (Nat.eqb_spec m j); [lia|ring].
    + rewrite Psi_old, Dj by lia. ring.
Qed.

(** ** Exponential decay *)

Definition recurrent (a : nat -> R) (m : nat) : Prop := forall l, g (m + l)%nat = sum (fun k => a k * g (k + l)%nat) m.

(** All shifts are combinations of the first m. *)
Lemma shift_in_span a m : recurrent a m -> forall L, exists b, forall l, g (L + l)%nat = sum (fun k => b k * g (k + l)%nat) m.
Proof.
  intros Rec L. induction L as [|L [b Hb]].
  - destruct m as [|m].
    + exists (fun _ => 0). intros l. rewrite (Rec l). easy.
    + exists (fun k => if Nat.eqb k 0 then 1 else 0). intros l. rewrite sum_first, sum_all_zero by (intros; simpl; ring). simpl; ring.
  - destruct m as [|m]; [exists b; intros l; simpl; specialize (Hb (S l)); rewrite Nat.add_succ_r in Hb; exact Hb|].
    exists (fun k => (if Nat.eqb k 0 then 0 else b (k - 1)%nat) + b m * a k). intros l.
    assert (E : g (S L + l)%nat = sum (fun k => b k * g (k + S l)%nat) m + b m * g (S m + l)%nat).
    { replace (S L + l)%nat with (L + S l)%nat by lia. replace (S m + l)%nat with (m + S l)%nat by lia. apply Hb. }
    rewrite E, (Rec l), <- sum_scal.
    rewrite (sum_ext (fun k => ((if Nat.eqb k 0 then 0 else b (k - 1)%nat) + b m * a k) * g (k + l)%nat)
      (fun k => (if Nat.eqb k 0 then 0 else b (k - 1)%nat) * g (k + l)%nat + b m * (a k * g (k + l)%nat))) by (intros; ring).
    rewrite sum_plus. f_equal. rewrite sum_first. cbn [Nat.eqb]. rewrite Rmult_0_l, Rplus_0_l.
    apply sum_ext. intros k _. replace (S k - 1)%nat with k by lia. f_equal. f_equal. lia.
Qed.

(** The window s(n) = |g(n)| + ... + |g(n + m - 1)| halves after some lag. *)
Lemma window_halves a m : recurrent a m -> independent (fun k l => g (k + l)%nat) m ->
  exists L, (1 <= L)%nat /\ forall n, sum (fun i => Rabs (g (n + L + i)%nat)) m <= / 2 * sum (fun i => Rabs (g (n + i)%nat)) m.
Proof.
  intros Rec Ind. destruct (dual (fun k l => g (k + l)%nat) m Ind) as [phi Hphi].
  (* the coordinates of late shifts are small *)
  set (eps := / (2 * (INR m + 1))).
  assert (Eps : 0 < eps) by (apply Rinv_0_lt_compat; pose proof (pos_INR m); lra).
  assert (Late : exists L0, forall L, (L0 <= L)%nat -> forall j, (j < m)%nat -> Rabs (phi j (fun l => g (L + l)%nat)) <= eps).
  { assert (Up : forall r, (r <= m)%nat -> exists L0, forall L, (L0 <= L)%nat -> forall j, (j < r)%nat ->
      Rabs (phi j (fun l => g (L + l)%nat)) <= eps).
    { induction r as [|r IH]; intros Hr; [exists 0%nat; intros; lia|]. destruct IH as [A HA]; [lia|].
      destruct (Hphi r ltac:(lia)) as [[_ Small] _]. destruct (Small eps Eps) as [B HB]. exists (A + B)%nat.
      intros L HL j Hj. destruct (Nat.eq_dec j r) as [->|Hne]; [apply HB; lia | apply HA; lia]. }
    now apply Up. }
  destruct Late as [L0 HL0]. exists (S L0). split; [lia|]. intros n.
  set (win := sum (fun i => Rabs (g (n + i)%nat)) m).
  assert (W0 : 0 <= win) by (apply sum_nonneg; intros; apply Rabs_pos).
  apply Rle_trans with (sum (fun _ => eps * win) m).
  - apply sum_le. intros i Hi. destruct (shift_in_span a m Rec (S L0 + i)) as [b Hb].
    assert (Coord : forall j, (j < m)%nat -> b j = phi j (fun l => g (S L0 + i + l)%nat)).
    { intros j Hj. destruct (Hphi j Hj) as [[Lin _] Dual].
      assert (E : (fun l => g (S L0 + i + l)%nat) = (fun l => sum (fun k => b k * g (k + l)%nat) m)).
      { apply functional_extensionality. intros l. apply Hb. }
      rewrite E, (Lin m b (fun k l => g (k + l)%nat)).
      rewrite (sum_remove _ m j Hj), (Dual j Hj), Nat.eqb_refl, sum_all_zero; [ring|].
      intros k Hk. destruct (Nat.eqb_spec k j); [easy|]. rewrite (Dual k Hk). destruct (Nat.eqb_spec k j); [lia|ring]. }
    replace (n + S L0 + i)%nat with (S L0 + i + n)%nat by lia. rewrite Hb.
    eapply Rle_trans; [apply sum_Rabs_le|]. unfold win. rewrite <- sum_scal. apply sum_le. intros k Hk.
    rewrite Rabs_mult, Coord by easy. rewrite (Nat.add_comm k n).
    apply Rmult_le_compat_r; [apply Rabs_pos|]. apply HL0; [lia|easy].
  - rewrite sum_const, <- Rmult_assoc. apply Rmult_le_compat_r; [easy|].
    unfold eps. pose proof (pos_INR m). apply Rmult_le_reg_r with (2 * (INR m + 1)); [lra|].
    rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

(** A combination of shifts that vanishes gives a recurrence: divide by the last coefficient that is not zero. *)
Lemma recurrence_from_dependence b m : (forall l, sum (fun k => b k * g (k + l)%nat) m = 0) -> (exists k, (k < m)%nat /\ b k <> 0) ->
  exists j a, (j < m)%nat /\ recurrent a j.
Proof.
  intros Zero Dep.
    assert (Top : exists j, (j < m)%nat /\ b j <> 0 /\ forall k, (j < k)%nat -> (k < m)%nat -> b k = 0).
    { clear Zero. induction m as [|m IHm]; [destruct Dep as [k [Hk _]]; lia|].
      destruct (Req_dec (b m) 0) as [E|E].
      - destruct IHm as (j & Hj & Hb & Hk);
          [destruct Dep as [k [Hk Hbk]]; exists k; split; [destruct (Nat.eq_dec k m) as [->|]; [easy|lia] | easy]|].
        exists j. split; [lia|]. split; [easy|]. intros k Hjk Hkm. destruct (Nat.eq_dec k m) as [->|]; [easy | apply Hk; lia].
      - exists m. split; [lia|]. split; [easy|]. intros; lia. }
    destruct Top as (j & Hj & Hb & Above).
    exists j, (fun k => - b k / b j). split; [easy|]. intros l. specialize (Zero l). cbv beta in Zero.
    assert (Split : sum (fun k => b k * g (k + l)%nat) m = sum (fun k => b k * g (k + l)%nat) j + b j * g (j + l)%nat).
    { assert (Keep : forall r, (S j + r <= m)%nat -> sum (fun k => b k * g (k + l)%nat) (S j + r) = sum (fun k => b k * g (k + l)%nat) (S j)).
      { induction r as [|r IHr]; intros Hr; [now rewrite Nat.add_0_r|]. rewrite Nat.add_succ_r.
        change (sum ?f (S (S j + r))) with (sum f (S j + r) + f (S j + r)%nat). cbv beta.
        rewrite IHr, (Above (S j + r)%nat) by lia. ring. }
      specialize (Keep (m - S j)%nat ltac:(lia)). replace (S j + (m - S j))%nat with m in Keep by lia. rewrite Keep. easy. }
    rewrite Split in Zero.
    rewrite (sum_ext _ (fun k => - / b j * (b k * g (k + l)%nat))) by (intros; field; easy). rewrite sum_scal.
    apply Rmult_eq_reg_l with (b j); [|easy]. rewrite <- Rmult_assoc. replace (b j * - / b j) with (- 1) by (field; easy). lra.
Qed.

Theorem recurrence_decays a m : recurrent a m -> exists c kappa, 0 < c /\ 0 < kappa < 1 /\ forall l, Rabs (g l) <= c * kappa ^ l.
Proof.
  revert a. induction m as [m IH] using (well_founded_induction lt_wf). intros a Rec.
  destruct (classic (independent (fun k l => g (k + l)%nat) m)) as [Ind|Dep].
  - destruct m as [|m].
    { exists 1, (1 / 2). split; [lra|]. split; [lra|]. intros l. specialize (Rec l). simpl in Rec. rewrite Rec, Rabs_R0.
      apply Rmult_le_pos; [lra | apply pow_le; lra]. }
    destruct (window_halves a (S m) Rec Ind) as (L & HL & Half). set (win := fun n => sum (fun i => Rabs (g (n + i)%nat)) (S m)).
    assert (Win0 : forall n, 0 <= win n) by (intros; apply sum_nonneg; intros; apply Rabs_pos).
    set (kappa := Rpower (/ 2) (/ INR L)). assert (IL : 0 < INR L) by (apply lt_0_INR; lia).
    assert (K : 0 < kappa < 1).
    { split; [apply exp_pos|]. unfold kappa, Rpower. rewrite <- exp_0. apply exp_increasing.
      assert (ln (/ 2) < 0) by (rewrite <- ln_1; apply ln_increasing; lra). pose proof (Rinv_0_lt_compat _ IL). nra. }
    assert (KL : kappa ^ L = / 2).
    { unfold kappa. rewrite <- Rpower_pow by apply exp_pos. rewrite Rpower_mult, Rinv_l, Rpower_1; lra. }
    set (c := 2 * sum win L + 1).
    assert (C0 : 0 < c) by (unfold c; assert (0 <= sum win L) by (apply sum_nonneg; auto); lra).
    assert (Bound : forall n, win n <= c * kappa ^ n).
    { intros n. induction n as [n IHn] using (well_founded_induction lt_wf). destruct (Nat.lt_ge_cases n L) as [Hlt|Hge].
      - assert (/ 2 <= kappa ^ n).
        { rewrite <- KL. replace L with (n + (L - n))%nat by lia. rewrite pow_add, <- (Rmult_1_r (kappa ^ n)) at 1.
          assert (0 < kappa ^ n) by (apply pow_lt; lra). assert (kappa ^ (L - n) <= 1) by (rewrite <- (pow1 (L - n)); apply pow_incr; lra).
          rewrite Rmult_1_r. nra. }
        assert (win n <= sum win L) by (apply sum_term_le; auto). unfold c in *. nra.
      - specialize (IHn (n - L)%nat ltac:(lia)). pose proof (Half (n - L)%nat) as H. replace (n - L + L)%nat with n in H by lia.
        fold (win n) in H. fold (win (n - L)%nat) in H. replace n with (n - L + L)%nat at 2 by lia. rewrite pow_add, KL. lra. }
    exists c, kappa. split; [easy|]. split; [easy|]. intros l. eapply Rle_trans; [|apply Bound]. unfold win.
    rewrite sum_first, Nat.add_0_r. assert (0 <= sum (fun i => Rabs (g (l + S i)%nat)) m) by (apply sum_nonneg; intros; apply Rabs_pos). lra.
  - apply not_all_ex_not in Dep. destruct Dep as [b Dep]. apply imply_to_and in Dep. destruct Dep as [Zero Dep].
    destruct (recurrence_from_dependence b m Zero) as (j & a' & Hj & Rec').
    { apply NNPP. intros None. apply Dep. intros k Hk. apply NNPP. intros Hb. apply None. now exists k. }
    exact (IH j Hj a' Rec').
Qed.
End Vanishing.
