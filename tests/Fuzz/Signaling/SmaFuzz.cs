using System.Text;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Fuzz.Signaling;

/// <summary>Mutated documents and headers: no escape, and what can be read is written and read the same.</summary>
public sealed class SmaFuzz
{
    private const int Documents = 120_000;
    private const int Headers = 200_000;

    private static readonly string[] s_corpus =
    [
        "<events xmlns=\"urn:mediarelay:sma:1\" gateway=\"g\" epoch=\"e\"><event id=\"a\" seq=\"17\" time=\"2026-11-21T08:15:28.120Z\" kind=\"device.state\" priority=\"alarm\" code=\"130\" partition=\"1\" zone=\"15\"><device ref=\"z\"><property name=\"contact\" at=\"2026-11-21T08:15:28.120Z\">open &lt;&#x41;</property></device><v:x xmlns:v=\"urn:v\"/></event></events>",
        "<events xmlns=\"urn:mediarelay:sma:1\" gateway=\"g\" epoch=\"e\"><event id=\"b\" seq=\"1\" time=\"2026-11-21T08:15:28Z\" kind=\"home.snapshot\" clock=\"unset\" monotonic=\"5\"><snapshot part=\"1\" of=\"2\"><device ref=\"d\" type=\"t\" name=\"n\"/></snapshot></event><event id=\"c\" seq=\"2\" time=\"2026-11-21T08:15:28Z\" kind=\"instruction.result\" cause=\"i\"><result outcome=\"done\" code=\"x\">text</result></event></events>",
        "<events xmlns=\"urn:mediarelay:sma:1\" gateway=\"g\" epoch=\"e\"><event id=\"d\" seq=\"3\" time=\"2026-11-21T08:15:28Z\" kind=\"media.answer\"><media session=\"s\" camera=\"c\" ttl=\"9\"><sdp>v=0&#xD;\n</sdp><candidate mid=\"0\" line=\"0\">candidate:1</candidate><ice end=\"true\"/><relay url=\"turn:x\" username=\"u\" credential=\"c\"/></media></event></events>",
        "<instructions xmlns=\"urn:mediarelay:sma:1\" gateway=\"g\" epoch=\"e\"><instruction id=\"i\" seq=\"4\" time=\"2026-11-21T08:15:28Z\" expires=\"2026-11-21T09:15:28Z\" kind=\"directive.create\"><directive id=\"d\" version=\"1\" type=\"schedule\" at=\"22:30\" days=\"mon tue\" min-change=\"0.5\"><when device=\"d\" property=\"p\" op=\"ge\" value=\"1\"/><if partition=\"1\" mode=\"away\" from=\"22:00\" to=\"06:00\"/><do kind=\"property.set\" device=\"d\" property=\"p\" value=\"v\" delay=\"5\"/></directive></instruction></instructions>",
        "<instructions xmlns=\"urn:mediarelay:sma:1\" gateway=\"g\" epoch=\"e\"><instruction id=\"i\" seq=\"5\" time=\"2026-11-21T08:15:28Z\" expires=\"2026-11-21T09:15:28Z\" kind=\"partition.arm\"><partition id=\"1\" mode=\"stay\" entry-delay=\"30\" bypass=\"1 2 3\"/></instruction></instructions>",
    ];

    [Fact]
    public void Mutated_documents_never_escape_and_what_is_read_is_written_and_read_the_same()
    {
        byte[][] corpus = [.. s_corpus.Select(Encoding.UTF8.GetBytes)];
        var random = new Random(20261121);
        var x = new XmlOutput();
        var again = new XmlOutput();
        int read = 0, refused = 0;
        for (int round = 0; round < Documents; round++)
        {
            byte[] input = Mutate(corpus, random);
            if (SmaReader.TryReadEvents(input, out EventBatch batch, out SmaFault fault) && batch.Events.Count > 0)
            {
                read++;
                x.Clear();
                SmaWriter.WriteEvents(x, batch.Gateway, batch.Epoch, batch.Events);
                Assert.True(SmaReader.TryReadEvents(x.Written, out EventBatch copy, out fault) && copy.Rejected.Count == 0, $"round {round}: {fault.Text}");
                again.Clear();
                SmaWriter.WriteEvents(again, copy.Gateway, copy.Epoch, copy.Events);
                Assert.True(x.Written.SequenceEqual(again.Written), $"round {round}: the copy reads differently");
            }
            else if (SmaReader.TryReadInstructions(input, out InstructionBatch instructions, out fault) && instructions.Instructions.Count > 0)
            {
                read++;
                x.Clear();
                SmaWriter.WriteInstructions(x, instructions);
                Assert.True(SmaReader.TryReadInstructions(x.Written, out InstructionBatch copy, out fault) && copy.Rejected.Count == 0, $"round {round}: {fault.Text}");
                again.Clear();
                SmaWriter.WriteInstructions(again, copy);
                Assert.True(x.Written.SequenceEqual(again.Written), $"round {round}: the copy reads differently");
            }
            else
            {
                refused++;
            }
        }

        Assert.True(read > Documents / 20, $"only {read} documents were readable, the mutator is too wild");
        Assert.True(refused > Documents / 20, $"only {refused} documents were refused, the mutator is too tame");
    }

    [Fact]
    public void Mutated_digest_headers_never_escape_and_what_is_read_is_written_and_read_the_same()
    {
        byte[] header = Encoding.ASCII.GetBytes("Digest username=\"gw-\\\"1\", realm=\"r\", nonce=\"bm9uY2U=\", uri=\"/sma/1/gw/g/events?x=1\", algorithm=SHA-256, response=\"00ff\", qop=auth, nc=0000000a, cnonce=\"c\"");
        var random = new Random(7);
        int read = 0;
        for (int round = 0; round < Headers; round++)
        {
            string text = Encoding.Latin1.GetString(Mutate([header], random));
            if (!DigestCredentials.TryRead(text, out DigestCredentials? credentials))
                continue;
            read++;
            if (credentials.Nonce.Contains('"') || credentials.Uri.Contains('"') || credentials.Response.Contains('"') || credentials.ClientNonce.Contains('"') || credentials.Qop.Contains('"')
                || (credentials.Nonce + credentials.Uri + credentials.Response + credentials.ClientNonce).Contains('\\') || credentials.Qop.AsSpan().ContainsAny(" \t,"))
            {
                continue;
            }

            Assert.True(DigestCredentials.TryRead(credentials.Write(), out DigestCredentials? copy) && copy == credentials, $"round {round}: {text}");
        }

        Assert.True(read > Headers / 20, $"only {read} headers were readable");
    }

    private static byte[] Mutate(byte[][] corpus, Random random)
    {
        byte[] input = [.. corpus[random.Next(corpus.Length)]];
        int changes = random.Next(0, 4);
        for (int i = 0; i < changes && input.Length > 2; i++)
        {
            int at = random.Next(input.Length);
            switch (random.Next(6))
            {
                case 0:
                    input[at] = (byte)random.Next(256);
                    break;
                case 1:
                    input = [.. input.AsSpan(0, at), .. input.AsSpan(Math.Min(input.Length, at + random.Next(1, 20)))];
                    break;
                case 2:
                    byte[] other = corpus[random.Next(corpus.Length)];
                    int from = random.Next(other.Length);
                    input = [.. input.AsSpan(0, at), .. other.AsSpan(from, Math.Min(other.Length - from, random.Next(1, 60))), .. input.AsSpan(at)];
                    break;
                case 3:
                    input[at] = (byte)"<>&\"'/=;#x0 "[random.Next(12)];
                    break;
                case 4:
                    input[at] ^= (byte)(1 << random.Next(8));
                    break;
                default:
                    if (char.IsAsciiDigit((char)input[at]))
                        input[at] = (byte)('0' + random.Next(10));
                    break;
            }
        }

        return input;
    }
}
