namespace MediaRelay.Media.Ice;

/// <summary>What <see cref="IceAgent.TryReceive"/> says about a datagram.</summary>
public enum IceVerdict
{
    /// <summary>Not for data: give it to <see cref="IceAgent.HandleDatagram"/>.</summary>
    Control,

    /// <summary>DTLS, SRTP or SRTCP from an address that a check has proved.</summary>
    Data,

    /// <summary>From a stranger, or malformed: forget it.</summary>
    Dropped,
}
