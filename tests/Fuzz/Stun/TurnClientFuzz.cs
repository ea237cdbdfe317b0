using MediaRelay.Stun;
using MediaRelay.Tests.Support;
using MediaRelay.Turn.Client;

namespace MediaRelay.Fuzz.Stun;

public class TurnClientFuzz
{
    private static readonly TransportAddress Server = TransportAddress.Parse("192.0.2.10:3478");

    [Fact]
    public void A_hostile_server_never_breaks_the_client()
    {
        var failures = 0;
        FuzzRun.Over(Corpus(), seed: 5, count: 60_000, input =>
        {
            var now = TimeSpan.FromSeconds(1);
            var commands = new List<TurnClientCommand>();
            // The counting generator makes the same transaction ids as the corpus has.
            var client = new TurnClient(Settings(), new CountingRandom());
            client.Start(now, commands);
            client.SendBinding(now, commands);
            for (var i = 0; i < 3; i++)
            {
                _ = client.TryUnwrap(input, out _, out var offset, out var length);
                if (offset < 0 || offset + length > input.Length)
                    throw new InvalidOperationException("The payload lies outside the message.");
                client.HandleReceived(input, now, commands);
                now += TimeSpan.FromSeconds(20);
                client.HandleDeadline(now, commands);
            }

            failures += client.State == TurnClientState.Failed ? 1 : 0;
        });
        Assert.True(failures > 100, $"only {failures} answers were understood");
    }

    private static TurnClientSettings Settings() => new() { Server = Server, Credential = TurnCredential.FromPassword("a", "b") };

    private static List<byte[]> Corpus()
    {
        var commands = new List<TurnClientCommand>();
        var client = new TurnClient(Settings(), new CountingRandom());
        client.Start(default, commands);
        client.SendBinding(default, commands);
        var corpus = new List<byte[]> { new byte[] { 0x40, 0, 0, 1, 9 } };
        foreach (var send in commands.OfType<TurnClientCommand.Send>())
        {
            Assert.True(StunMessage.TryRead(send.Bytes.Span, out var request, out _));
            foreach (var code in new[] { 300, 400, 401, 420, 438, 486, 500 })
            {
                var error = StunWriter.Reply(new byte[512], request, StunClass.Error);
                error.AddErrorCode((StunErrorCode)code);
                error.AddText(StunAttributeType.Realm, "r");
                error.AddText(StunAttributeType.Nonce, "obMatJos2wAAA0123");
                error.AddPasswordAlgorithms([PasswordAlgorithm.Sha256, PasswordAlgorithm.Md5]);
                error.AddAddress(StunAttributeType.AlternateServer, TransportAddress.Parse("192.0.2.11:3478"));
                corpus.Add(error.Written.ToArray());
            }

            var success = StunWriter.Reply(new byte[512], request, StunClass.Success);
            success.AddAddress(StunAttributeType.XorRelayedAddress, Server);
            success.AddAddress(StunAttributeType.XorMappedAddress, Server);
            success.AddLifetime(600);
            corpus.Add(success.Written.ToArray());
        }

        return corpus;
    }
}
