using System.Globalization;
using System.Net;
using System.Text;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Transport;

/// <summary>What a pull of the missing parts of a layer asks for: hundreds of ranges in one request.</summary>
public sealed class ManyRangesTests(TwoPaths paths)
{
    const int Size = (5 << 20) + 17;
    const int Step = Size / ByteRanges.MaxRanges;

    [Theory]
    [InlineData(33)]
    [InlineData(100)]
    [InlineData(500)]
    [InlineData(ByteRanges.MaxRanges)]
    public async Task Each_part_comes_and_nothing_else(int count)
    {
        var ranges = Enumerable.Range(0, count).Select(i => (First: i * (long)Step, Last: (i * (long)Step) + (i % (Step - 1)))).ToList();
        foreach (var registry in new[] { await paths.DirectAsync(), await paths.OrdinaryAsync() })
        {
            using var response = await registry.GetAsync(Path, ("Range", Header(ranges)));
            await response.ExpectAsync(HttpStatusCode.PartialContent);
            var type = response.Content.Headers.ContentType!;
            Assert.Equal("multipart/byteranges", type.MediaType);
            var body = await response.BytesAsync();
            Assert.Equal(response.Content.Headers.ContentLength, body.Length);
            Assert.InRange(body.Length, 0, ranges.Sum(range => range.Last - range.First + 1) + (200 * count));
            Assert.Equal(ranges, Parts(body, type.Parameters.Single(parameter => parameter.Name == "boundary").Value!));
        }
    }

    // What would cost more than the blob itself is answered with the blob, or not at all.
    [Fact]
    public async Task Overlapping_and_descending_ranges_are_no_lever()
    {
        var ascending = Enumerable.Range(0, 600).Select(i => (First: i * 10L, Last: (i * 10L) + 4)).ToList();
        foreach (var registry in new[] { await paths.DirectAsync(), await paths.OrdinaryAsync() })
        {
            foreach (var header in new[]
            {
                Header([.. Enumerable.Reverse(ascending)]),
                "bytes=" + string.Join(',', Enumerable.Range(0, 600).Select(i => $"{i}-")),
                "bytes=" + string.Join(',', Enumerable.Repeat("0-", 600)),
                "bytes=" + string.Join(',', Enumerable.Repeat("-1000", 600)),
            })
            {
                using var whole = await registry.GetAsync(Path, ("Range", header));
                await whole.ExpectAsync(HttpStatusCode.OK);
                Assert.Equal(Size, (await whole.BytesAsync()).Length);
            }
            using var outside = await registry.GetAsync(Path, ("Range", Header([.. ascending.Select(range => (range.First + Size, range.Last + Size))])));
            await outside.ExpectErrorAsync(HttpStatusCode.RequestedRangeNotSatisfiable, "RANGE_INVALID");
            Assert.Equal($"bytes */{Size}", outside.Header("Content-Range"));
        }
    }

    [Fact]
    public async Task A_condition_and_HEAD_hold_for_many_as_for_one()
    {
        var header = Header([.. Enumerable.Range(0, 200).Select(i => (i * 10L, (i * 10L) + 4))]);
        foreach (var registry in new[] { await paths.DirectAsync(), await paths.OrdinaryAsync() })
        {
            using var same = await registry.GetAsync(Path, ("Range", header), ("If-Range", $"\"{TwoPaths.Digest(Size)}\""));
            await same.ExpectAsync(HttpStatusCode.PartialContent);
            using var other = await registry.GetAsync(Path, ("Range", header), ("If-Range", "\"other\""));
            await other.ExpectAsync(HttpStatusCode.OK);
            using var head = await registry.SendAsync(HttpMethod.Head, Path, null, null, ("Range", header));
            await head.ExpectAsync(HttpStatusCode.OK);
            Assert.Equal(Size, head.Content.Headers.ContentLength);
        }
    }

    static string Path => $"/v2/{TwoPaths.Name}/blobs/{TwoPaths.Digest(Size)}";

    static string Header(IReadOnlyList<(long First, long Last)> ranges) => $"bytes={string.Join(',', ranges.Select(range => $"{range.First}-{range.Last}"))}";

    // The ranges of the parts; fails where a part is not those bytes of the blob.
    static List<(long First, long Last)> Parts(byte[] body, string boundary)
    {
        var (blob, found, delimiter) = (TwoPaths.Blob(Size), new List<(long, long)>(), Encoding.ASCII.GetBytes($"\r\n--{boundary}"));
        var rest = body.AsSpan();
        while (true)
        {
            Assert.True(rest.StartsWith(delimiter));
            rest = rest[delimiter.Length..];
            if (rest.StartsWith("--\r\n"u8))
            {
                Assert.Equal(4, rest.Length);
                return found;
            }
            var end = rest.IndexOf("\r\n\r\n"u8);
            var head = Encoding.ASCII.GetString(rest[..end]);
            var range = head.Split("Content-Range: bytes ")[1].Split('/')[0].Split('-').Select(number => long.Parse(number, CultureInfo.InvariantCulture)).ToArray();
            var length = (int)(range[1] - range[0] + 1);
            Assert.True(blob.AsSpan((int)range[0], length).SequenceEqual(rest.Slice(end + 4, length)));
            found.Add((range[0], range[1]));
            rest = rest[(end + 4 + length)..];
        }
    }
}
