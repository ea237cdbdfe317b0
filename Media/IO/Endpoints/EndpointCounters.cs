namespace MediaRelay.Media.IO.Endpoints;

/// <summary>Plain numbers of one transport, written by the loop and read by statistics.</summary>
internal sealed class EndpointCounters
{
    public long PacketsSent;
    public long BytesSent;
    public long PacketsReceived;
    public long BytesReceived;
    public long Dropped;
    public long SrtpRefused;
    public long SendsWithoutConsent;
    public long SendFailures;
    public long CandidatesRefused;
    public long SocketsRefused;

    public void Add(EndpointCounters other)
    {
        PacketsSent += other.PacketsSent;
        BytesSent += other.BytesSent;
        PacketsReceived += other.PacketsReceived;
        BytesReceived += other.BytesReceived;
        Dropped += other.Dropped;
        SrtpRefused += other.SrtpRefused;
        SendsWithoutConsent += other.SendsWithoutConsent;
        SendFailures += other.SendFailures;
        CandidatesRefused += other.CandidatesRefused;
        SocketsRefused += other.SocketsRefused;
    }
}
