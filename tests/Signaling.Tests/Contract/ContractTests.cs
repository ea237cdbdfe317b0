using System.Diagnostics;
using System.Text;
using System.Xml;
using System.Xml.Schema;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.Tests.Contract;

/// <summary>The published contract: what we write is valid, what is valid we read, what we read we write the same.</summary>
public sealed class ContractTests
{
    public static TheoryData<string> DocumentNames => [.. Samples.Documents.Keys];

    [Theory]
    [MemberData(nameof(DocumentNames))]
    public void Every_document_is_read_and_written_back_octet_for_octet(string name)
    {
        byte[] document = Samples.Documents[name];
        Assert.True(SchemaAgreementTests.TryRead(document, out byte[] again, out string fault), fault);
        Assert.Equal(Encoding.UTF8.GetString(document), Encoding.UTF8.GetString(again));
    }

    [Theory]
    [MemberData(nameof(DocumentNames))]
    public void Every_document_is_valid_by_the_published_schema(string name) => Assert.Empty(Validate(Samples.Documents[name]));

    [Fact]
    public void Xmllint_agrees_that_every_document_is_valid()
    {
        string folder = Directory.CreateTempSubdirectory("sma-xmllint").FullName;
        try
        {
            foreach (string schema in SmaSchemas.Names)
                File.WriteAllBytes(Path.Combine(folder, schema), SmaSchemas.Read(schema)!);
            foreach ((string name, byte[] document) in Samples.Documents)
                File.WriteAllBytes(Path.Combine(folder, name + ".xml"), document);
            (int code, string output) = Run("xmllint", ["--noout", "--schema", Path.Combine(folder, SmaSchemas.Root), .. Directory.GetFiles(folder, "*.xml")]);
            Assert.True(code == 0, output);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [Theory]
    [InlineData("priority=\"urgent\"")]
    [InlineData("kind=\"a b\"")]
    [InlineData("zone=\"70000\"")]
    [InlineData("clock=\"maybe\"")]
    [InlineData("monotonic=\"-1\"")]
    [InlineData("code=\"\"")]
    [InlineData("mode=\"a b\"")]
    [InlineData("state=\"\"")]
    public void What_the_schema_refuses_in_an_event_the_reader_refuses_too(string attribute)
    {
        string kind = attribute.StartsWith("kind", StringComparison.Ordinal) ? "" : "kind=\"log\"";
        byte[] document = Encoding.UTF8.GetBytes($"<events xmlns=\"urn:mediarelay:sma:1\" gateway=\"g\" epoch=\"e\"><event id=\"a\" seq=\"1\" time=\"2026-11-21T08:15:28Z\" {kind} {attribute}/></events>");
        Assert.NotEmpty(Validate(document));
        Assert.True(SmaReader.TryReadEvents(document, out EventBatch batch, out _));
        Assert.Empty(batch.Events);
        Assert.Equal(SmaFault.Schema, Assert.Single(batch.Rejected).Code);
    }

    [Theory]
    [InlineData(4096, true)]
    [InlineData(4097, false)]
    public void A_text_in_many_pieces_may_be_as_long_as_its_type_allows(int length, bool isRead)
    {
        string text = string.Concat(Enumerable.Range(0, length / 1000).Select(_ => $"<![CDATA[{new string('a', 1000)}]]><!-- between -->")) + new string('b', length % 1000);
        byte[] document = Encoding.UTF8.GetBytes($"<events xmlns=\"urn:mediarelay:sma:1\" gateway=\"g\" epoch=\"e\"><event id=\"a\" seq=\"1\" time=\"2026-11-21T08:15:28Z\" kind=\"instruction.result\"><result outcome=\"done\">{text}</result></event></events>");
        Assert.Equal(isRead, Validate(document).Count == 0);
        Assert.True(SmaReader.TryReadEvents(document, out EventBatch batch, out _));
        Assert.Equal(isRead ? 1 : 0, batch.Events.Count);
        if (isRead)
            Assert.Equal(length, ((ResultBody)batch.Events[0].Body!).Text.Length);
    }

    [Fact]
    public void A_bad_event_of_a_batch_does_not_harm_the_alarm_behind_it()
    {
        byte[] document = """
            <events xmlns="urn:mediarelay:sma:1" gateway="g" epoch="e">
              <event id="a" seq="1" time="2026-11-21T08:15:28Z" kind="device.state"><device ref="x"><property name="p">1</property></device></event>
              <event id="b" seq="2" time="yesterday" kind="device.state"><device ref="x"><property name="p"><deep><er/></deep></property></device></event>
              <event id="c" seq="3" time="2026-11-21T08:15:29Z" kind="alarm.raised" priority="alarm"/>
            </events>
            """u8.ToArray();
        Assert.True(SmaReader.TryReadEvents(document, out EventBatch batch, out _));
        Assert.Equal([1UL, 3UL], batch.Events.Select(e => e.Seq));
        RejectedEvent rejected = Assert.Single(batch.Rejected);
        Assert.Equal((2UL, "schema", 3), (rejected.Seq, rejected.Code, rejected.Line));
        Assert.DoesNotContain("yesterday", rejected.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Receivers_ignore_attributes_elements_and_namespaces_they_do_not_know()
    {
        byte[] document = """
            <events xmlns="urn:mediarelay:sma:1" xmlns:v="urn:vendor" gateway="g" epoch="e" v:x="1" later="2">
              <event id="a" seq="1" time="2026-11-21T08:15:28Z" kind="vendor.thing" newer="yes"><device ref="x" v:y="2"/><v:more><v:deep>text</v:deep></v:more><newer>text</newer></event>
            </events>
            """u8.ToArray();
        Assert.True(SmaReader.TryReadEvents(document, out EventBatch batch, out SmaFault fault), fault.Text);
        Assert.Equal("vendor.thing", Assert.Single(batch.Events).Kind);
        Assert.Equal("x", batch.Events[0].Device!.Ref);
    }

    [Theory]
    [InlineData(InstructionKinds.DeviceCreate, "device.create needs a device with type and protocol.")]
    [InlineData(InstructionKinds.PropertySet, "property.set needs a device with at least one property.")]
    [InlineData(InstructionKinds.HomeQuery, "home.query needs a query.")]
    [InlineData(InstructionKinds.DirectiveCreate, "directive.create needs a directive.")]
    [InlineData(InstructionKinds.PartitionArm, "partition.arm needs a partition with the mode away, stay or night.")]
    [InlineData(InstructionKinds.MediaOffer, "media.offer needs a media body with a camera and an SDP.")]
    [InlineData(InstructionKinds.ClipRequest, "clip.request needs a clip with a camera.")]
    [InlineData(InstructionKinds.EventHandled, "event.handled needs a cause.")]
    public void An_instruction_says_what_its_kind_lacks(string kind, string sentence) =>
        Assert.Equal(sentence, InstructionRules.Check(new Instruction { Id = "i", Time = Samples.Time, Expires = Samples.Time, Kind = kind }));

    [Fact]
    public void Every_kind_of_the_sheet_has_a_complete_sample() => Assert.All(Samples.Instructions, instruction => Assert.Null(InstructionRules.Check(instruction)));

    internal static List<string> Validate(byte[] document, bool warnings = true)
    {
        var faults = new List<string>();
        var settings = new XmlReaderSettings { ValidationType = ValidationType.Schema, Schemas = s_schemas, ValidationFlags = warnings ? XmlSchemaValidationFlags.ReportValidationWarnings : XmlSchemaValidationFlags.None, DtdProcessing = DtdProcessing.Prohibit };
        settings.ValidationEventHandler += (_, e) => faults.Add(e.Message);
        using var reader = XmlReader.Create(new MemoryStream(document), settings);
        while (reader.Read())
        {
        }

        return faults;
    }

    internal static (int Code, string Output) Run(string program, IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(30_000), program + " did not end");
        return (process.ExitCode, output + errors.Result);
    }

    private static readonly XmlSchemaSet s_schemas = SmaSchemas.Compile();
}
