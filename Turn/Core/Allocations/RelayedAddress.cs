using MediaRelay.Turn.Ports;

namespace MediaRelay.Turn.Allocations;

/// <summary>One family's half of an allocation.</summary>
internal struct RelayedAddress
{
    public RelayPort Port;
    public bool IsActive;
    public TimeSpan Expires;
}
