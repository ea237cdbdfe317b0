using MediaRelay.Stun;
using MediaRelay.Tests.Support.Network;

namespace MediaRelay.Media.Tests.Ice;

/// <summary>A host that answers Binding requests with the source address it saw.</summary>
internal sealed class VirtualStunServer
{
    private readonly VirtualSocket socket;

    public VirtualStunServer(VirtualNetwork network, string address = "20.0.9.1", int port = 3478)
    {
        socket = network.AddHost("stun", null, address).Open(port);
        socket.Received = Answer;
    }

    public TransportAddress Address => socket.Address;

    public int Requests { get; private set; }

    private void Answer(VirtualDatagram datagram)
    {
        if (!StunMessage.TryRead(datagram.Payload.Span, out var request, out _) || request.Class != StunClass.Request) return;
        Requests++;
        Span<byte> buffer = stackalloc byte[64];
        var writer = StunWriter.Reply(buffer, request, StunClass.Success);
        writer.AddAddress(StunAttributeType.XorMappedAddress, datagram.Source);
        socket.Send(datagram.Source, writer.Written);
    }
}
