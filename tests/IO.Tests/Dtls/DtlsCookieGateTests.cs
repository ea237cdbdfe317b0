using System.Security.Cryptography;
using MediaRelay.Dtls;

namespace MediaRelay.IO.Tests.Dtls;

public sealed class DtlsCookieGateTests : IDisposable
{
    private static readonly byte[] Peer = [192, 0, 2, 1, 0x30, 0x39];

    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private readonly DtlsCookieGate _gate;
    private readonly DtlsPair _pair = new(DtlsContextSettings.Turn, DtlsContextSettings.Turn);
    private readonly DtlsContext _context = new(DtlsPair.ServerCertificate, DtlsContextSettings.Turn);
    private readonly byte[] _reply = new byte[DtlsCookieGate.ReplyLength];

    public DtlsCookieGateTests() => _gate = new DtlsCookieGate(_random);

    public void Dispose()
    {
        _random.Dispose();
        _pair.Dispose();
        _context.Dispose();
    }

    [Fact]
    public void A_client_that_returns_the_cookie_is_accepted_and_connects()
    {
        var second = SecondHello(TimeSpan.FromSeconds(5));
        Assert.Equal(DtlsCookieVerdict.Accept, _gate.Examine(second, Peer, TimeSpan.FromSeconds(6), _reply, out _));
        Assert.True(DtlsSession.TryAcceptVerified(_context, second, _pair.Now, DtlsSession.DefaultMtu, out var server));
        using (server)
        {
            for (var round = 0; round < 5; round++)
            {
                _pair.Move(server!, _pair.Client);
                _pair.Move(_pair.Client, server!);
            }
            Assert.Equal(DtlsState.Connected, server!.State);
            Assert.Equal(DtlsState.Connected, _pair.Client.State);
            Assert.True(_pair.Client.Write("allocate"u8));
            _pair.Move(_pair.Client, server);
            var buffer = new byte[100];
            Assert.Equal(8, server.Read(buffer));
        }
    }

    [Fact]
    public void A_cookie_is_good_for_its_address_and_time_only()
    {
        var at = TimeSpan.FromSeconds(5);
        var second = SecondHello(at);
        byte[] otherPort = [192, 0, 2, 1, 0x30, 0x3A];
        Assert.Equal(DtlsCookieVerdict.SendReply, _gate.Examine(second, otherPort, at, _reply, out _));
        Assert.Equal(DtlsCookieVerdict.Accept, _gate.Examine(second, Peer, TimeSpan.FromSeconds(59), _reply, out _));
        Assert.Equal(DtlsCookieVerdict.SendReply, _gate.Examine(second, Peer, TimeSpan.FromSeconds(61), _reply, out _));
        Assert.Equal(DtlsCookieVerdict.SendReply, new DtlsCookieGate(_random).Examine(second, Peer, at, _reply, out _));
    }

    [Fact]
    public void Strangers_cost_no_memory_and_never_get_more_than_they_sent()
    {
        _pair.Client.Start(_pair.Now);
        var hello = new byte[1500];
        Assert.True(_pair.Client.TryTakeDatagram(hello, out var length));
        long before = 0;
        for (var i = 0; i < 2000; i++)
        {
            if (i == 1000) before = GC.GetAllocatedBytesForCurrentThread();
            var verdict = _gate.Examine(hello.AsSpan(0, length), Peer, TimeSpan.FromSeconds(i), _reply, out var replyLength);
            if (verdict != DtlsCookieVerdict.SendReply || replyLength > length) Assert.Fail("the hello was not answered");
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Mutated_hellos_never_throw()
    {
        var second = SecondHello(TimeSpan.Zero);
        var random = new Random(3);
        var verdicts = new int[3];
        for (var i = 0; i < 50_000; i++)
        {
            var mutated = (byte[])second.Clone();
            for (var n = random.Next(1, 6); n > 0; n--) mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            var length = random.Next(4) == 0 ? random.Next(mutated.Length) : mutated.Length;
            verdicts[(int)_gate.Examine(mutated.AsSpan(0, length), Peer, TimeSpan.Zero, _reply, out _)]++;
        }
        Assert.All(verdicts, count => Assert.True(count > 100));
    }

    private byte[] SecondHello(TimeSpan now)
    {
        _pair.Client.Start(_pair.Now);
        var buffer = new byte[1500];
        Assert.True(_pair.Client.TryTakeDatagram(buffer, out var length));
        Assert.Equal(DtlsCookieVerdict.SendReply, _gate.Examine(buffer.AsSpan(0, length), Peer, now, _reply, out var replyLength));
        _pair.Client.HandleDatagram(_reply.AsSpan(0, replyLength), _pair.Now);
        Assert.True(_pair.Client.TryTakeDatagram(buffer, out length));
        return buffer[..length];
    }
}
