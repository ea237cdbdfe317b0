using MediaRelay.Stun;

namespace MediaRelay.Turn.Requests;

/// <summary>Reads one of several XOR-PEER-ADDRESS attributes of a message.</summary>
internal static class StunAddressAttribute
{
    public static bool TryRead(in StunMessage message, StunAttribute attribute, out TransportAddress address) =>
        message.TryReadAddress(attribute, out address);
}
