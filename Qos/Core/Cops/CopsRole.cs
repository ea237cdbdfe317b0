namespace MediaRelay.Qos.Cops;

/// <summary>Which end of an association this is: the point that enforces (and listens) or the point that decides (and dials).</summary>
internal enum CopsRole
{
    EnforcementPoint,
    DecisionPoint,
}
