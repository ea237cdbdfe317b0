using System.Text;
using MediaRelay.Media.Ice;
using MediaRelay.Stun;
using MediaRelay.Tests.Support;

namespace MediaRelay.Fuzz.Media.Ice;

/// <summary>Candidate lines and STUN messages that reach an ICE agent: nothing throws, and nothing without integrity has an effect.</summary>
public sealed class IceFuzz
{
    private const int Lines = 250_000;
    private const int Messages = 200_000;
    private static readonly IceCredentials Remote = new("peer", "peerpeerpeerpeerpeerpeer");
    private static readonly TransportAddress Peer = TransportAddress.Parse("20.0.2.9:5000");
    private static readonly string[] Tokens =
        ["candidate:", "a=", " ", "1", "0", "256", "257", "UDP", "tcp", "2130706431", "2147483648", "10.0.1.1", "::1", "[::1]", "x.local", "65535", "65536", "typ", "host", "srflx", "raddr", "rport", "generation", "\r\n", "\0", "-1"];

    [Fact]
    public void Candidate_lines_never_throw_and_survive_a_round_trip()
    {
        var random = new Random(4711);
        var corpus = VectorFile.Rows("ice.json", "candidate_lines").Select(r => r.TextProperty("line")).ToArray();
        var accepted = 0;
        for (var i = 0; i < Lines; i++)
        {
            var line = Mutate(corpus[random.Next(corpus.Length)], random);
            if (!Candidate.TryRead(line, out var candidate, out var error))
            {
                Assert.NotEqual(CandidateError.None, error);
                continue;
            }
            accepted++;
            var written = candidate!.ToString();
            Assert.True(Candidate.TryRead(written, out var again, out _), written);
            Assert.Equal(candidate, again);
        }
        Assert.InRange(accepted, Lines / 100, Lines);
    }

    [Fact]
    public void Mutated_messages_never_throw_and_never_change_an_agent()
    {
        var random = new Random(4712);
        var agent = new IceAgent(new IceConfiguration { Servers = [new IceServer(TransportAddress.Parse("20.0.9.2:3478"), Username: "u", Password: "p")] }, new CountingRandom(3));
        var commands = new List<IceCommand>();
        agent.Start([new LocalSocket(0, TransportAddress.Parse("20.0.1.9:4000"))], default, commands);
        agent.HandleRemoteDescription(Remote, false, default, commands);
        agent.HandleRemoteCandidate(new Candidate { Foundation = "1", Priority = 99, Address = Peer }, default, commands);
        var sent = commands.OfType<IceCommand.SendDatagram>().ToArray();
        var corpus = sent.Select(s => s.Bytes.ToArray()).Append(Check(agent.LocalCredentials)).ToArray();
        var server = sent.First(s => s.To != Peer).To;
        for (var i = 0; i < Messages; i++)
        {
            var message = Mutate(corpus[random.Next(corpus.Length)], random);
            commands.Clear();
            var from = (i % 3) switch { 0 => Peer, 1 => server, _ => TransportAddress.Parse("20.0.6.6:66") };
            var verdict = agent.TryReceive(0, from, message, default, out _);
            Assert.NotEqual(IceVerdict.Data, verdict);
            agent.HandleDatagram(0, from, message, default, commands);
        }
        Assert.Equal(IceState.Checking, agent.State);
        Assert.Equal(IceRole.Controlling, agent.Role);
        Assert.Null(agent.ActivePair);
        Assert.Equal(PairState.InProgress, Assert.Single(agent.Snapshot()).State);
        Assert.Equal(0, agent.Counters.ChecksReceived);
    }

    private static byte[] Check(IceCredentials local)
    {
        var buffer = new byte[512];
        var writer = new StunWriter(buffer, StunMethod.Binding, StunClass.Request, TransactionId.FromBytes(new byte[12]));
        writer.AddText(StunAttributeType.Username, $"{local.UsernameFragment}:{Remote.UsernameFragment}");
        writer.AddUInt32(StunAttributeType.Priority, 5);
        writer.AddUInt64(StunAttributeType.IceControlled, 5);
        writer.Add(StunAttributeType.UseCandidate, default);
        // Signed with another password: even unmutated it must have no effect.
        writer.AddIntegrity(Encoding.ASCII.GetBytes("anotheranotheranotheranother"));
        writer.AddFingerprint();
        return writer.Written.ToArray();
    }

    private static string Mutate(string line, Random random)
    {
        var text = new StringBuilder(line);
        for (var n = random.Next(4); n > 0 && text.Length > 0; n--)
        {
            var at = random.Next(text.Length);
            switch (random.Next(4))
            {
                case 0:
                    text.Insert(at, Tokens[random.Next(Tokens.Length)]);
                    break;
                case 1:
                    text.Remove(at, Math.Min(random.Next(1, 8), text.Length - at));
                    break;
                case 2:
                    text[at] = (char)random.Next(0, 300);
                    break;
                default:
                    text.Length = at;
                    break;
            }
        }
        return text.ToString();
    }

    private static byte[] Mutate(byte[] message, Random random)
    {
        var copy = message.ToList();
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            var at = random.Next(copy.Count);
            switch (random.Next(5))
            {
                case 0:
                    copy[at] = (byte)random.Next(256);
                    break;
                case 1:
                    copy[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2 when at > 0:
                    copy.RemoveRange(at, copy.Count - at);
                    break;
                case 3:
                    copy.InsertRange(at, copy.GetRange(at, Math.Min(random.Next(1, 12), copy.Count - at)));
                    break;
                default:
                    // The class bits: an answer or an indication instead of a request.
                    copy[0] ^= (byte)random.Next(2);
                    if (copy.Count > 1) copy[1] ^= (byte)(random.Next(2) << 4);
                    break;
            }
        }
        return [.. copy];
    }
}
