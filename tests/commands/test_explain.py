from sessa_ref.faults import FAULTS


def test_explain(command):
    listed = command("explain")
    assert listed.exit_code == 0
    assert all(name in listed.output for name in FAULTS)
    one = command("explain", "rotaryhalfsplit")
    assert one.exit_code == 0
    fault = FAULTS["RotaryHalfSplit"]
    for text in (fault.name, fault.cause[:30], fault.formula.splitlines()[0]):
        assert text in one.output
    assert command("explain", "NoSuchFault").exit_code == 2
