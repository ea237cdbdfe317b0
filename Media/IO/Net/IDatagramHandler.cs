using MediaRelay.Stun;

namespace MediaRelay.Media.IO.Net;

/// <summary>Takes datagrams of its ports on the loop's thread.</summary>
internal interface IDatagramHandler
{
    /// <summary>The bytes may be changed in place and are good only during the call.</summary>
    void HandleDatagram(UdpPort port, TransportAddress from, Span<byte> datagram, TimeSpan now);
}
