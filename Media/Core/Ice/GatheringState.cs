namespace MediaRelay.Media.Ice;

/// <summary>Progress of candidate gathering, named as the W3C's RTCIceGatheringState.</summary>
public enum GatheringState
{
    New,
    Gathering,
    Complete,
}
